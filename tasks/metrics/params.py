"""The choices of metrics, as the form and the profiles have them: a list of models that their `kind` tells apart."""

from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field, GetJsonSchemaHandler, field_validator, model_validator
from pydantic_core import CoreSchema

from tasks.store.params import Params, positioned

Normaliser = Literal["exact", "text", "number", "code", "date", "date_day_first", "date_month_first"]
TextFigure = Literal["rouge1", "rouge2", "rougeL", "bleu", "chrf"]

KIND_TITLE = "Kind of metric"
NAME_PATTERN = r"^([a-z0-9][a-z0-9_-]{0,39})?$"
VARIABLE_PATTERN = r"^([A-Z_][A-Z0-9_]*)?$"

C = TypeVar("C", bound="Choice")


class Choice(Params):
    """What every choice has; `kind` comes first in the form, the rest behind the metric's own fields."""

    name: str = positioned(
        "", 90, "Name", "How scores, gate and report call the metric. Empty: its kind.", pattern=NAME_PATTERN
    )
    sources: tuple[str, ...] = positioned(
        (),
        91,
        "Only for these files",
        "Patterns such as mails-*.jsonl; the metric scores rows from files whose names match one. Empty: all rows.",
    )


class Extraction(Choice):
    """The answer is one JSON object, compared field by field."""

    kind: Literal["extraction"] = positioned("extraction", 0, KIND_TITLE, "JSON objects, field by field.")
    schema_file: str = positioned(
        "", 1, "JSON Schema file", "Each answer is checked against it: the figure schema_valid. Empty: no check."
    )
    normalisers: dict[str, Normaliser] = positioned(
        {},
        2,
        "How fields are compared",
        'Field to way, such as {"etd": "date", "lines[].price": "number"}. number: thousands and decimal signs do not '
        "matter. code: nor do case, spaces and dashes. date: one day in any unambiguous form; date_day_first and "
        "date_month_first also read 03/04/2026. text: case, white space and outer punctuation do not matter. exact: to "
        "the letter. Others: numbers by value, strings without outer spaces and case.",
    )
    list_order: bool = positioned(
        True,
        3,
        "Order of lists matters",
        "Off: the elements of each list are paired so that most of their fields agree.",
    )
    confusions: tuple[str, ...] = positioned(
        (), 4, "Show mix-ups of", "Fields such as pol: the report shows which value was taken for which, and how often."
    )


class Classification(Choice):
    """The answer is a label, or a JSON object with a label and a confidence."""

    kind: Literal["classification"] = positioned("classification", 0, KIND_TITLE, "Labels, and how sure the model is.")
    labels: tuple[str, ...] = positioned(
        (), 1, "Labels", "All labels there are. Empty: those of the expected answers. Any other answer counts as none."
    )
    label_field: str = positioned(
        "label", 2, "Field with the label", "Where answers are JSON objects; other answers are the label itself."
    )
    confidence_field: str = positioned(
        "confidence",
        3,
        "Field with the confidence",
        "A number of 0 to 1 in the answer. Without it there is no calibration to measure.",
    )
    ignore_case: bool = positioned(True, 4, "Case of labels does not matter", "On, Spam and spam are one label.")
    bins: int = positioned(10, 5, "Calibration bins", "Equally wide ranges of confidence.", ge=2, le=100)


class Terminology(Choice):
    """Terms that an answer must or must not use where the prompt has a source term."""

    kind: Literal["terminology"] = positioned("terminology", 0, KIND_TITLE, "Required and forbidden terms.")
    glossary_file: str = positioned(
        "",
        1,
        "Glossary (CSV)",
        "Columns source, required, forbidden; terms are separated by |. Container* also matches its endings. A row "
        "without a source holds for every answer.",
    )
    ignore_case: bool = positioned(True, 2, "Case of terms does not matter", "Off: NVOCC is not nvocc.")

    @model_validator(mode="after")
    def _has_a_file(self) -> "Terminology":
        return _needs(self, "glossary_file", "a CSV file with the columns source, required, forbidden")


class ResponseFormat(Choice):
    """The answer follows a template: literal text and typed places."""

    kind: Literal["format"] = positioned("format", 0, KIND_TITLE, "Answers that follow a template.")
    template_file: str = positioned(
        "",
        1,
        "Template file",
        "Text with places such as {{etd:date}}. Types: word, text (one line), lines, integer, number, date (ISO), "
        "one of (a|b), and regex, as in {{code:regex:[A-Z]{5}}}.",
    )

    @model_validator(mode="after")
    def _has_a_file(self) -> "ResponseFormat":
        return _needs(self, "template_file", "a text file with places such as {{etd:date}}")


class Code(Choice):
    """The answer is Python code."""

    kind: Literal["code"] = positioned(
        "code", 0, KIND_TITLE, "Python code: read, never run unless tests are asked for."
    )
    code_in: Literal["fenced", "whole"] = positioned(
        "fenced",
        1,
        "Where the code is",
        "fenced: the blocks between ``` lines, or the whole answer where there are none. whole: the whole answer.",
    )
    api_files: tuple[str, ...] = positioned(
        (),
        2,
        "API signatures (.pyi)",
        "Stub files named after their modules, such as shipping.pyi: calls of these modules must fit a signature "
        "there.",
    )
    modules: tuple[str, ...] = positioned(
        (),
        3,
        "Other modules that exist",
        "Top-level names that the code may import though they are not installed here.",
    )
    unit_tests_file: str = positioned(
        "",
        4,
        "Unit tests (JSON Lines)",
        "Rows of id and tests (Python). Empty: no code is run. Otherwise each answer runs with its tests in a process "
        "without network, files and other processes; where that cannot be had, the run is refused.",
    )
    timeout_s: float = positioned(10.0, 5, "Longest test run (s)", "Tests that take longer fail.", gt=0, le=600)
    memory_mb: int = positioned(512, 6, "Memory of a test run (MB)", "Tests that want more fail.", ge=64, le=65536)


class Text(Choice):
    """Free text, by overlap with the expected one."""

    kind: Literal["text"] = positioned("text", 0, KIND_TITLE, "Free text, by overlap of words or characters.")
    main: TextFigure = positioned(
        "rougeL",
        1,
        "Deciding figure",
        "rouge1, rouge2, rougeL: F1 of words, of pairs of words, of the longest common sequence. bleu, chrf: as in "
        "machine translation. All are measured; this one decides.",
    )
    words: Literal["unicode", "ascii"] = positioned(
        "unicode", 2, "ROUGE's words", "ascii: as published English figures have it; letters such as ü or 文 are lost."
    )
    stemming: bool = positioned(
        False, 3, "ROUGE with English stems", "Ships counts as ship, as in most published figures. Only with ascii."
    )
    bleu_tokens: Literal["13a", "intl", "zh", "char"] = positioned(
        "13a", 4, "BLEU's words", "13a: the usual choice. intl: other scripts. zh: Chinese. char: each character."
    )

    @model_validator(mode="after")
    def _stems_are_english(self) -> "Text":
        if self.stemming and self.words != "ascii":
            raise ValueError("stemming knows English only: set words to ascii, or stemming off")
        return self


class Judge(Choice):
    """Another model says which of two answers is better."""

    kind: Literal["judge"] = positioned("judge", 0, KIND_TITLE, "Another model compares answer and reference.")
    url: str = positioned(
        "",
        1,
        "Base URL",
        "Of an OpenAI-compatible server, such as http://127.0.0.1:8000/v1. Other machines must be allowed in "
        "FINETUNE_FLOWS_JUDGE_ROOTS: prompts and answers go there.",
    )
    model: str = positioned("", 2, "Model", "The name that the server knows it by.")
    api_key_variable: str = positioned(
        "",
        3,
        "Variable with the key",
        "Name of the environment variable that holds the key; the key itself is never a parameter. Empty: no key.",
        pattern=VARIABLE_PATTERN,
    )
    criteria: str = positioned(
        "Correctness first, then completeness, then clarity.",
        4,
        "What is better",
        "The judge is told this.",
        min_length=1,
    )
    max_tokens: int = positioned(
        16, 5, "Longest verdict (tokens)", "A model that thinks aloud first needs more.", ge=1, le=32768
    )
    parallel: int = positioned(4, 6, "Questions at once", "How many the server is asked at a time.", ge=1, le=64)
    timeout_s: float = positioned(120.0, 7, "Longest wait (s)", "For one verdict.", gt=0, le=3600)

    @model_validator(mode="after")
    def _has_an_address(self) -> "Judge":
        _needs(self, "url", "the base URL of an OpenAI-compatible server")
        return _needs(self, "model", "the name of the judging model")


class Custom(Choice):
    """A metric of another package, found by its entry point."""

    kind: Literal["custom"] = positioned("custom", 0, KIND_TITLE, "A metric that another package brings.")
    metric: str = positioned("", 1, "Metric", "Its name in the entry point group finetune_flows.metrics.")
    options: dict[str, Any] = positioned({}, 2, "Options", "What the metric is given; it knows what it takes.")

    @model_validator(mode="after")
    def _has_a_name(self) -> "Custom":
        return _needs(self, "metric", "a name in the entry point group finetune_flows.metrics")

    @field_validator("options")
    @classmethod
    def _is_json(cls, options: dict[str, Any]) -> dict[str, Any]:
        """Refuse what a key cannot be made of."""
        from tasks.store.keys import canonical

        try:
            canonical(options)
        except (TypeError, ValueError) as error:
            raise ValueError(f"options must be plain JSON: {error}") from error
        return options


class _AsAnyOf:
    """Writes the union as `anyOf` in the form's schema: the Prefect UI draws no field for `oneOf`."""

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        schema = dict(handler(core))
        schema["anyOf"] = schema.pop("oneOf")
        del schema["discriminator"]
        return schema


MetricChoice = Annotated[
    Extraction | Classification | Terminology | ResponseFormat | Code | Text | Judge | Custom,
    Field(discriminator="kind"),
    _AsAnyOf(),
]


def _needs(choice: C, field: str, what: str) -> C:
    if not getattr(choice, field):
        raise ValueError(f"{field} is empty: give {what}")
    return choice
