"""What may stand inside the texts of a row."""

import re
from typing import Literal

from tasks.ingest.reasons import BadRowError

MARKERS = (
    "[INST]",
    "[/INST]",
    "<<SYS>>",
    "<</SYS>>",
    "<s>",
    "</s>",
    "<bos>",
    "<eos>",
    "<start_of_turn>",
    "<end_of_turn>",
)
_KNOWN_PIPED = ("<|im_start|>", "<|im_end|>", "<|endoftext|>")

# Tab, line feed and carriage return are text; the C1 block is what wrongly decoded Windows texts leave behind.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
# Templates of other families write <|name|>, one of them with full-width bars: any such marker could end a turn.
_MARKER = re.compile("|".join(map(re.escape, MARKERS)) + r"|<[|｜][A-Za-z0-9_▁]{1,40}[|｜]>")

Part = Literal["system", "user", "answer"]


def check_text(text: str, part: Part, where: str) -> None:
    """Check one text of a row.

    Args:
        text: What stands there.
        part: A blank user turn and a blank answer are refused; a system turn may be blank.
        where: Names the place in a detail, such as `messages[1].content`.

    Raises:
        BadRowError: empty_user, empty_answer, control_characters or special_tokens.
    """
    if part != "system" and not text.strip():
        raise BadRowError(f"empty_{part}", f"{where} has no text")
    if found := _CONTROL.search(text):
        raise BadRowError("control_characters", f"{where}: U+{ord(found.group()):04X} at character {found.start() + 1}")
    if found := _MARKER.search(text):
        # Markers of unknown name are not quoted: what stands between the bars is the row's own text.
        known = found.group() in MARKERS or found.group() in _KNOWN_PIPED
        marker = found.group() if known else "a marker of the form <|...|>"
        raise BadRowError("special_tokens", f"{where}: {marker} at character {found.start() + 1}")


def check_length(texts: list[str], max_chars: int) -> None:
    """Check the length of all texts of a row together.

    Raises:
        BadRowError: too_long.
    """
    length = sum(map(len, texts))
    if length > max_chars:
        raise BadRowError("too_long", f"{length} characters, allowed are {max_chars}")
