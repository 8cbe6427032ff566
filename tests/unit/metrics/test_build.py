"""Choices of metrics: read from a profile, told apart, named, chosen by source, pinned, and drawn in a form."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from tasks.errors import ConfigError
from tasks.metrics.base import Item
from tasks.metrics.build import METRICS, applies, build, check, inputs, named
from tasks.metrics.params import Classification, Code, Extraction, MetricChoice, ResponseFormat, Terminology, Text
from tasks.store.params import Params, positioned

Make = Callable[..., list[Item]]
KINDS = ["extraction", "classification", "terminology", "format", "code", "text", "judge", "custom"]


class Form(Params):
    """A form with the choices, as evaluation has it."""

    metrics: tuple[MetricChoice, ...] = positioned((Extraction(),), 0, "Metrics", "The first one decides.")


def test_a_profile_chooses_by_kind() -> None:
    said: dict[str, Any] = {
        "metrics": [{"kind": "extraction", "normalisers": {"etd": "date"}}, {"kind": "text", "name": "prose"}]
    }
    form = Form.model_validate(said)
    assert form.metrics == (Extraction(normalisers={"etd": "date"}), Text(name="prose"))
    assert Form.model_validate(form.model_dump(mode="json")) == form
    assert Form().metrics == (Extraction(),)


@pytest.mark.parametrize(
    "said",
    [
        {"kind": "rouge"},
        {},
        {"kind": "text", "schema_file": "x"},
        {"kind": "extraction", "normalisers": {"etd": "day"}},
        {"kind": "text", "name": "Not a name"},
        {"kind": "classification", "bins": 1},
        {"kind": "judge", "url": "http://127.0.0.1/v1"},
    ],
)
def test_what_no_choice_has_is_an_error(said: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Form.model_validate({"metrics": [said]})


def test_the_form_has_a_field_for_every_kind_that_the_ui_can_draw() -> None:
    schema = Form.model_json_schema()
    drawn = schema["properties"]["metrics"]["items"]
    assert set(drawn) == {"anyOf"}
    assert schema["properties"]["metrics"]["default"][0]["kind"] == "extraction"
    names = [choice["$ref"].removeprefix("#/$defs/") for choice in drawn["anyOf"]]
    kinds = [schema["$defs"][name]["properties"]["kind"]["const"] for name in names]
    assert kinds == KINDS == list(METRICS)
    for name in names:
        positions = []
        for key, field in schema["$defs"][name]["properties"].items():
            assert field.get("title"), f"{name}.{key}"
            assert field.get("description"), f"{name}.{key}"
            assert "default" in field, f"{name}.{key}"
            positions.append(field["position"])
        assert len(set(positions)) == len(positions), name


def test_every_kind_is_an_annotated_choice() -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(MetricChoice)
    assert adapter.validate_python({"kind": "code"}) == Code()


def test_names() -> None:
    first, second = Extraction(), Extraction(name="lines", sources=("lines-*.csv",))
    assert named((first, second)) == {"extraction": first, "lines": second}
    with pytest.raises(ConfigError, match="two metrics named extraction"):
        named((first, Extraction(list_order=False)))
    with pytest.raises(ConfigError, match="two metrics named extraction"):
        named((first, Text(name="extraction")))
    with pytest.raises(ConfigError, match="is empty"):
        named(())


@pytest.mark.parametrize(
    ("sources", "source", "expected"),
    [
        ((), "data/a.jsonl", True),
        (("a.jsonl",), "data/a.jsonl", True),
        (("*.csv", "a*"), "data/a.jsonl", True),
        (("data/*",), "data/a.jsonl", True),
        (("*.csv",), "data/a.jsonl", False),
        (("A.jsonl",), "data/a.jsonl", False),
        (("data",), "data/a.jsonl", False),
    ],
)
def test_sources(sources: tuple[str, ...], source: str, expected: bool) -> None:
    assert applies(Extraction(sources=sources), source) is expected


def test_check_builds_all_and_tells_every_problem_at_once(items: Make) -> None:
    made = items([('{"pol": "X"}', "")], source="data/mails.jsonl") + items([("spam", "")], source="data/labels.csv")
    good = (Extraction(normalisers={"pol": "code"}, sources=("mails*",)), Classification(sources=("labels*",)))
    assert list(check(good, made)) == ["extraction", "classification"]
    bad = (Extraction(normalisers={"pool": "code"}), Classification(), Text(sources=("*.txt",)))
    with pytest.raises(ConfigError) as caught:
        check(bad, made)
    said = str(caught.value)
    assert "no expected answer has pool" in said
    assert "the expected answer of 0 is no label" in said
    assert "text scores no item: no file matches *.txt. The items come from data/labels.csv, data/mails.jsonl." in said


def test_files_are_pinned_by_their_content(tmp_path: Path) -> None:
    for name, text in {
        "s.json": "{}", "g.csv": "source,required,forbidden\na,b,\n", "t.txt": "x", "a.pyi": "def f(): ...",
        "b.pyi": "def g(): ...", "u.jsonl": "",
    }.items():  # fmt: skip
        (tmp_path / name).write_text(text)
    at = {name: str(tmp_path / name) for name in ("s.json", "g.csv", "t.txt", "a.pyi", "b.pyi", "u.jsonl")}
    choices = (
        Extraction(schema_file=at["s.json"]),
        Terminology(name="terms", glossary_file=at["g.csv"]),
        ResponseFormat(template_file=at["t.txt"]),
        Code(api_files=(at["a.pyi"], at["b.pyi"]), unit_tests_file=at["u.jsonl"]),
        Text(),
    )
    first = inputs(choices)
    assert list(first) == [
        "metric:extraction:schema_file", "metric:terms:glossary_file", "metric:format:template_file",
        "metric:code:installed", "metric:code:unit_tests_file", "metric:code:api_files:0", "metric:code:api_files:1",
    ]  # fmt: skip
    assert all(len(digest) == 64 for digest in first.values())
    (tmp_path / "g.csv").write_text("source,required,forbidden\na,c,\n")
    changed = inputs(choices)
    assert {role for role in first if first[role] != changed[role]} == {"metric:terms:glossary_file"}
    with pytest.raises(ConfigError, match=r"evaluation\.metrics\[extraction\]\.schema_file: there is no file"):
        inputs((Extraction(schema_file=str(tmp_path / "none.json")),))
    with pytest.raises(ConfigError, match="outside the allowed folders"):
        inputs((Extraction(schema_file="/etc/hostname"),))


def test_the_name_of_a_metric_is_in_its_messages(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"evaluation\.metrics\[mine\]\.glossary_file"):
        build(Terminology(name="mine", glossary_file=str(tmp_path / "none.csv")))
