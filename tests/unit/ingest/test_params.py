import pytest
from pydantic import ValidationError

from tasks.ingest.params import IngestParams
from tasks.ingest.reasons import REASONS


def test_the_general_share_holds_where_no_other_is_set():
    params = IngestParams(max_quarantined_share=0.1, allowed=("bad_json=0.01",))
    assert params.allowed_share("bad_json") == 0.01
    assert params.allowed_share("too_long") == 0.1


def test_equal_settings_are_equal_parameters():
    one = IngestParams(allowed=(" too_long = 0.50", "bad_json=.01"))
    assert one == IngestParams(allowed=("bad_json=0.01", "too_long=0.5"))
    assert one.allowed == ("bad_json=0.01", "too_long=0.5")


def test_all_wrong_entries_are_reported_at_once():
    with pytest.raises(ValidationError) as caught:
        IngestParams(allowed=("bad_jason=0.1", "bad_json=many", "too_long=1.5", "too_long=nan", "wrong_type"))
    text = str(caught.value)
    assert "no reason 'bad_jason'" in text
    assert all(entry in text for entry in ("bad_json=many", "too_long=1.5", "too_long=nan", "'wrong_type'"))
    assert all(reason in text for reason in REASONS)


def test_a_reason_is_named_once():
    with pytest.raises(ValidationError, match="named twice"):
        IngestParams(allowed=("bad_json=0.1", "bad_json=0.2"))


@pytest.mark.parametrize("wrong", [
    {"max_chars": 0}, {"max_quarantined_share": 1.1}, {"format": "xml"}, {"rows": 1}, {"on_mixed": "drop"},
    {"template_tokens": "strip"}, {"unknown_fields": "drop"}, {"language_probability": -0.1},
    {"language_probability": 1.1},
])  # fmt: skip
def test_ranges_and_unknown_keys(wrong):
    with pytest.raises(ValidationError):
        IngestParams(**wrong)


def test_the_form_has_the_order_of_the_fields():
    properties = IngestParams.model_json_schema()["properties"]
    assert list(properties)[:3] == ["format", "on_mixed", "max_chars"]
    assert list(properties)[-2:] == ["max_quarantined_share", "allowed"]
    assert [entry["position"] for entry in properties.values()] == list(range(len(properties)))
    assert all(entry["title"] and entry["description"] for entry in properties.values())


def test_special_tokens_are_brought_to_one_form():
    assert IngestParams(extra_template_tokens=("### Q:", " <x> ", "<x>")).extra_template_tokens == ("### Q:", "<x>")
    for wrong in ("", "x", " x ", "a\nb"):
        with pytest.raises(ValidationError, match="two printable characters or more"):
            IngestParams(extra_template_tokens=("<ok>", wrong))


def test_languages_are_brought_to_one_form():
    assert IngestParams(languages=("EN", " de", "en")).languages == ("de", "en")
    with pytest.raises(ValidationError, match="cannot be told: 'english', 'zxx'") as caught:
        IngestParams(languages=("english", "de", "zxx"))
    assert "sv, sw, ta" in str(caught.value)
