"""The champion pointer: moved by one rename, written down, and moved back."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tasks.errors import ArtifactError, ConfigError
from tasks.promotion import pointer
from tasks.promotion.build import publish
from tasks.promotion.params import PromotionParams
from tasks.promotion.pointer import history, promote_release, rollback
from tasks.promotion.registry import champion, names, pointed
from tasks.store.refs import Ref

MakeRun = Callable[..., dict[str, Ref]]


@pytest.fixture
def three(make_run: MakeRun) -> list[Path]:
    """Make v1, v2 and v3; v3 is the champion."""
    return [Path(publish("mails", make_run(seed), PromotionParams()).path) for seed in "abc"]


def test_rollback_twice_goes_back_two(three: list[Path]) -> None:
    assert rollback("mails", reason="complaints").version == "v2"
    assert rollback("mails").version == "v1"
    assert [line["action"] for line in history("mails")] == ["release"] * 3 + ["rollback"] * 2
    assert history("mails")[3] | {"time": ""} == {
        "time": "",
        "action": "rollback",
        "from": "v3",
        "to": "v2",
        "reason": "complaints",
    }
    with pytest.raises(ConfigError, match="no earlier champion"):
        rollback("mails")


def test_rollback_to_a_named_version(three: list[Path]) -> None:
    release = rollback("mails", to="v1")
    assert (release.version, release.is_champion) == ("v1", True)
    assert champion("mails")["version"] == "v1"  # type: ignore[index]


def test_a_promoted_release_is_what_a_rollback_takes_back(three: list[Path]) -> None:
    promote_release("mails", "v1", "better on fresh mails")
    assert (pointed("mails"), history("mails")[-1]["reason"]) == ("v1", "better on fresh mails")
    assert rollback("mails").version == "v3"


def test_promoting_the_champion_writes_no_line(three: list[Path]) -> None:
    promote_release("mails", "v3")
    assert len(history("mails")) == 3


@pytest.mark.parametrize("act", [lambda: rollback("mails"), lambda: promote_release("mails", "v2")])
def test_a_damaged_target_is_refused_and_the_pointer_stays(three: list[Path], act: Callable[[], object]) -> None:
    config = three[1] / "model" / "config.json"
    config.write_text("[]")
    (three[1] / "serve.sh").unlink()
    with pytest.raises(ArtifactError, match=r"config\.json has another checksum.*serve\.sh is missing"):
        act()
    assert pointed("mails") == "v3"


@pytest.mark.parametrize("version", ["v9", "champion", "../v1", "v0"])
def test_a_version_that_is_not_there_is_refused(three: list[Path], version: str) -> None:
    with pytest.raises(ArtifactError, match=r"Releases of mails: v1, v2, v3"):
        rollback("mails", to=version)


def test_rollback_without_any_release(home: Path) -> None:
    with pytest.raises(ConfigError, match="releases: none"):
        rollback("mails")
    assert names() == []


def test_a_move_nobody_wrote_down_is_found(three: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(pointer, "_write_down", lambda *_given: None)
        pointer.move("mails", "v1", "promote", "the process died right after")
    assert rollback("mails").version == "v3"
    assert [line["action"] for line in history("mails")][-2:] == ["found", "rollback"]


def test_the_pointer_is_relative_so_that_the_home_can_move(three: list[Path], home: Path) -> None:
    moved = home.rename(home.with_name("elsewhere"))
    assert (moved / "releases" / "mails" / "champion" / "serve.sh").is_file()
