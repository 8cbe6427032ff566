"""Constrained answers are what the schema says, from a model that knows nothing of JSON."""

import json
from pathlib import Path

import jsonschema
import pytest

from tasks.errors import ConfigError
from tasks.evaluation.constrain import constraints, load_schema, schema_digest
from tasks.evaluation.generation import end_tokens, generate
from tasks.evaluation.items import make_items

SCHEMA = {
    "type": "object",
    "properties": {
        "pod": {"type": "string", "maxLength": 8},
        "rate": {"type": "integer", "minimum": 0, "maximum": 9999},
        "reefer": {"type": "boolean"},
    },
    "required": ["pod", "rate", "reefer"],
    "additionalProperties": False,
}


def answers(loaded, items, schema, **settings):
    model, tokenizer = loaded
    constrain = schema and constraints(schema, tokenizer, sorted(end_tokens(model, tokenizer)), len(tokenizer))
    known = {"batch_size": 4, "batch_tokens": 4096, "max_new_tokens": 120} | settings
    return generate(model, tokenizer, items, on_step=lambda *_step: None, constrain=constrain, **known)


def test_a_random_model_gives_json_that_follows_the_schema(loaded, record, tmp_path: Path) -> None:
    path = tmp_path / "answer.json"
    path.write_text(json.dumps(SCHEMA))
    items = make_items([record(n, question="To Kobe " * (n + 1)) for n in range(6)], loaded[1], None)
    free = answers(loaded, items, None)
    held = answers(loaded, items, load_schema(str(path)))
    for before, after in zip(free, held, strict=True):
        with pytest.raises(json.JSONDecodeError):
            json.loads(before.text)
        jsonschema.validate(json.loads(after.text), SCHEMA)
        assert not after.cut
    # Rows of a batch are held each by its own parser: alone they say the same.
    assert answers(loaded, items, load_schema(str(path)), batch_size=1) == held


def test_any_object_is_a_choice_of_its_own(loaded, record) -> None:
    items = make_items([record(1)], loaded[1], None)
    (answer,) = answers(loaded, items, load_schema("json"), max_new_tokens=6)
    assert answer.text.lstrip().startswith("{")
    assert load_schema("none") is None
    assert schema_digest(None) == ""
    assert schema_digest(load_schema("json")) != schema_digest({"type": "object"})


def test_schemas_that_hold_nobody_are_refused(tmp_path: Path) -> None:
    for text, message in (
        ("{", "is no JSON"),
        ("[]", "must be a JSON object"),
        ('{"type": "thing"}', "cannot be held"),
        ('{"type": "array", "uniqueItems": true}', "cannot be held"),
    ):
        path = tmp_path / "schema.json"
        path.write_text(text)
        with pytest.raises(ConfigError, match=message):
            load_schema(str(path))
    with pytest.raises(ConfigError, match="is no file"):
        load_schema(str(tmp_path / "none.json"))
