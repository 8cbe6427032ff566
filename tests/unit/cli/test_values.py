"""Profiles, overrides, and one message with every problem."""

from pathlib import Path
from typing import Literal

import pytest

from deployments.cli.values import check, override, read_profile
from tasks.errors import ConfigError
from tasks.store.params import Params, positioned


class Inner(Params):
    epochs: int = positioned(1, 0, "Epochs", "How often.", ge=1, le=10)
    method: Literal["lora", "qlora"] = positioned("lora", 1, "Method", "How.")


def flow_function(files: tuple[str, ...], training: Inner = Inner(), name: str = "model") -> None: ...  # noqa: B008


def test_overrides_are_yaml_and_the_last_one_wins() -> None:
    values = override(
        {"training": {"epochs": 1}},
        ["training.epochs=2", "training.epochs=3", "files=[a, b]", "name='7'", "deep.er.key=null"],
    )
    assert values == {"training": {"epochs": 3}, "files": ["a", "b"], "name": "7", "deep": {"er": {"key": None}}}


def test_a_date_stays_the_text_that_was_written(tmp_path: Path) -> None:
    profile = tmp_path / "profile.yaml"
    profile.write_text("splitting: {test_from: 2026-09-01}\n")
    values = override(read_profile(profile), ["splitting.validation_from=2026-08-01", "splitting.test=0.1"])
    assert values == {"splitting": {"test_from": "2026-09-01", "validation_from": "2026-08-01", "test": 0.1}}


def test_off_is_a_word_and_true_is_not(tmp_path: Path) -> None:
    profile = tmp_path / "profile.yaml"
    profile.write_text("approval: {mode: off}\nrelease: {sign: true}\n")
    values = override(read_profile(profile), ["serving.lora=off", "a=on", "b=no", "c=False"])
    assert values == {
        "approval": {"mode": "off"}, "release": {"sign": True}, "serving": {"lora": "off"}, "a": "on", "b": "no",
        "c": False,
    }  # fmt: skip


def test_bad_overrides_are_all_listed() -> None:
    with pytest.raises(ConfigError) as caught:
        override({"name": "x"}, ["nonsense", "=1", "name.sub=1", "files=[a"])
    assert len(str(caught.value).splitlines()) == 4


def test_every_problem_is_in_the_one_message() -> None:
    given = {"training": {"epochz": 2, "epochs": 99, "method": "full"}, "trainin": {}, "zzz": 1}
    with pytest.raises(ConfigError) as caught:
        check(flow_function, given)
    text = str(caught.value)
    assert "training.epochz: there is no such parameter; did you mean 'epochs'?" in text
    assert "training.epochs: Input should be less than or equal to 10 (given: 99)" in text
    assert "training.method: " in text
    assert "trainin: there is no such parameter; did you mean 'training'?" in text
    assert "zzz: there is no such parameter; known here: files, training, name" in text
    assert "files: is needed and not given" in text


def test_checked_values_have_the_flow_s_types_and_defaults_stay_away() -> None:
    checked = check(flow_function, {"files": ["a"], "training": {"epochs": 4}})
    assert checked == {"files": ("a",), "training": Inner(epochs=4)}


@pytest.mark.parametrize("text", ["a: [", "- a\n- b", "just text"])
def test_profiles_that_are_no_mapping(tmp_path: Path, text: str) -> None:
    path = tmp_path / "profile.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"profile\.yaml"):
        read_profile(path)


def test_an_empty_profile_is_all_defaults(tmp_path: Path) -> None:
    path = tmp_path / "profile.yaml"
    path.write_text("# nothing\n")
    assert read_profile(path) == {}
