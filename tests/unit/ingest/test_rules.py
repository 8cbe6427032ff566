from tasks.ingest.params import IngestParams
from tasks.ingest.rules import rules_of


def test_the_defaults():
    rules = rules_of(IngestParams())
    assert (rules.max_chars, rules.convert, rules.strict, rules.languages, rules.least) == (
        32_000, False, False, frozenset(), 0.5,
    )  # fmt: skip
    assert rules.markers is not None
    assert rules.markers.extra == ()


def test_each_parameter_makes_its_rule():
    rules = rules_of(
        IngestParams(
            max_chars=9,
            on_mixed="convert",
            unknown_fields="quarantine",
            languages=("en", "de"),
            language_probability=0.7,
            extra_template_tokens=("<x>",),
        )
    )
    assert (rules.max_chars, rules.convert, rules.strict, rules.languages, rules.least) == (
        9, True, True, {"de", "en"}, 0.7,
    )  # fmt: skip
    assert rules.markers is not None
    assert rules.markers.extra == ("<x>",)
    assert rules_of(IngestParams(template_tokens="keep", extra_template_tokens=("<x>",))).markers is None
