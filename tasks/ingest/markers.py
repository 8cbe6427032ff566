"""Chat templates' markers inside texts, where they could end a turn or forge one."""

import re
from dataclasses import dataclass, field

# Spelled out in the templates of Llama 2 and 3, Mistral, Gemma, Command R, ChatGLM, Seed-OSS, Nemotron and T5.
MARKERS = (
    "[INST]", "[/INST]", "<<SYS>>", "<</SYS>>", "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]",
    "[AVAILABLE_TOOLS]", "[/AVAILABLE_TOOLS]", "[TOOL_CALLS]", "[TOOL_RESULTS]", "[/TOOL_RESULTS]",
    "<s>", "</s>", "<bos>", "<eos>", "<pad>", "<unk>", "<BOS_TOKEN>", "<EOS_TOKEN>", "<seed:bos>", "<seed:eos>",
    "<start_of_turn>", "<end_of_turn>", "<start_of_image>", "<end_of_image>", "[gMASK]", "<sop>", "<eop>",
    "<extra_id_0>", "<extra_id_1>",
)  # fmt: skip
PIPED = (
    "<|im_start|>", "<|im_end|>", "<|endoftext|>", "<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>", "<|eom_id|>",
    "<|start_header_id|>", "<|end_header_id|>", "<|python_tag|>", "<|system|>", "<|user|>", "<|assistant|>", "<|end|>",
    "<|start|>", "<|message|>", "<|channel|>", "<|START_OF_TURN_TOKEN|>", "<|END_OF_TURN_TOKEN|>",
    "<｜User｜>", "<｜Assistant｜>", "<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>",
    "[|system|]", "[|user|]", "[|assistant|]", "[|endofturn|]",
)  # fmt: skip

# Most families write <|name|>, one with full-width bars, one in brackets: any marker of these forms could end a turn.
_PIPED = r"<[|｜][A-Za-z0-9_▁]{1,40}[|｜]>|\[\|[A-Za-z0-9_]{1,40}\|\]"


@dataclass(frozen=True)
class Markers:
    """The markers that texts are searched for.

    Attributes:
        extra: Markers of the operator's besides the well-known ones.
    """

    extra: tuple[str, ...] = ()
    _known: frozenset[str] = field(init=False)
    _firsts: tuple[str, ...] = field(init=False)
    _pattern: "re.Pattern[str]" = field(init=False)

    def __post_init__(self) -> None:
        # The longest first: where one marker begins another, the whole of it is named.
        spelled = sorted({*MARKERS, *self.extra}, key=lambda marker: (-len(marker), marker))
        object.__setattr__(self, "_known", frozenset([*spelled, *PIPED]))
        object.__setattr__(self, "_firsts", tuple(sorted({marker[0] for marker in [*spelled, "<", "["]})))
        object.__setattr__(self, "_pattern", re.compile("|".join([*map(re.escape, spelled), _PIPED])))

    def find(self, text: str) -> tuple[str, int] | None:
        """Return the first marker, as it may be shown, and where it begins (from 0); None when there is none.

        Only markers of known name are shown: what stands between the bars of another is the row's own text.
        """
        # Most texts have none of the characters that a marker begins with; looking for these alone is much faster.
        for first in self._firsts:
            if first in text:
                found = self._pattern.search(text)
                if found is None:
                    return None
                marker = found.group()
                return marker if marker in self._known else "a marker of the form <|...|>", found.start()
        return None
