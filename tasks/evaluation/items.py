"""Which records are asked, with what prompt, and what is expected."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tasks.errors import DataError
from tasks.evaluation.params import EvaluationParams
from tasks.rendering.chat import encode, prompt_text
from tasks.rendering.templates import apply_template
from tasks.store.records import Row, read_rows, turn_text


@dataclass(frozen=True)
class TaskItem:
    """One question with its expected answer.

    Attributes:
        id: The record's.
        prompt: Rendered text that ends where the answer begins.
        tokens: Token ids of the prompt.
        expected: Text of the last assistant turn, tool calls included.
        messages: The prompt's turns.
        source: Name of the file that the record came from.
    """

    id: str
    prompt: str
    tokens: list[int]
    expected: str
    messages: list[Row] = field(default_factory=list, repr=False)
    source: str = ""

    @property
    def prompt_hash(self) -> str:
        """Digest of the prompt: equal for two models that were asked the same."""
        return hashlib.sha256(self.prompt.encode()).hexdigest()


def choose_set(splits: Path, params: EvaluationParams) -> str:
    """Return the name of the part of the splits that items come from: heldout or test."""
    if params.task_set != "auto":
        return params.task_set
    return "heldout" if next(read_rows(splits / "heldout.jsonl"), None) else "test"


def choose_records(splits: Path, chosen: str, params: EvaluationParams) -> list[Row]:
    """Return the records with an answer, in file order, at most as many as asked for.

    Raises:
        DataError: There is none.
    """
    records = [row for row in read_rows(splits / f"{chosen}.jsonl") if _answer_index(row) is not None]
    if not records:
        raise DataError(
            f"the {chosen} part of the splits holds no conversation with an answer, so the task cannot be measured. "
            "Set evaluation.task_set to the other part, or give a held-out file or a larger test share."
        )
    if params.task_items and len(records) > params.task_items:
        # By digest: the choice is spread over the file and stays when rows are added around it.
        ranked = sorted(records, key=lambda row: hashlib.sha256(str(row["id"]).encode()).digest())
        wanted = {row["id"] for row in ranked[: params.task_items]}
        records = [row for row in records if row["id"] in wanted]
    return records


def make_items(records: list[Row], tokenizer: Any, room: int | None) -> list[TaskItem]:
    """Render the prompts of records.

    Args:
        records: From `choose_records`.
        tokenizer: With its chat template.
        room: Most tokens a prompt may have; None: no limit is known.

    Raises:
        DataError: A prompt leaves the model no room to answer.
    """
    items = []
    for record in records:
        messages, answer = question_and_answer(record)
        items.append(make_item(record["id"], messages, record.get("tools"), tokenizer, room, answer, source_of(record)))
    return items


def make_item(
    name: str,
    messages: list[Row],
    tools: list[Row] | None,
    tokenizer: Any,
    room: int | None,
    expected: str,
    source: str = "",
    *,
    setting: str = "evaluation.max_new_tokens",
) -> TaskItem:
    """Render one prompt; `setting` names the parameter that says how long its answer may be.

    Raises:
        DataError: It leaves the model no room to answer.
    """
    prompt = prompt_text(tokenizer, messages, tools)
    tokens = encode(tokenizer, prompt)
    if room is not None and len(tokens) > room:
        raise DataError(
            f"the prompt of {name} has {len(tokens)} tokens; the model's context leaves {room} with "
            f"{setting} as it is. Lower that, or take the row out."
        )
    return TaskItem(name, prompt, tokens, expected, messages, source)


def question_and_answer(record: Row) -> tuple[list[Row], str]:
    """Return the turns before a record's last answer, and that answer's text."""
    messages = record["messages"][: _answer_index(record)]
    return messages, turn_text(record["messages"][len(messages)])


def source_of(record: Row) -> str:
    """Return the name of the file that a record came from."""
    return str(record.get("file") or "")


def load_asking(folder: Path, template: Path) -> tuple[Any, int | None]:
    """Return the tokenizer with its template, and the model's context in tokens, None where it is not known."""
    from transformers import AutoConfig, AutoTokenizer

    tokenizer = apply_template(AutoTokenizer.from_pretrained(folder, trust_remote_code=False), template)
    config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
    return tokenizer, getattr(config.get_text_config(), "max_position_embeddings", None)


def _answer_index(record: Row) -> int | None:
    """Return the place of the last assistant turn that has something before it."""
    places = [at for at, message in enumerate(record["messages"]) if message["role"] == "assistant" and at > 0]
    return places[-1] if places else None
