"""What decides a rendering's key besides its inputs and parameters."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tasks.errors import ConfigError
from tasks.rendering import task
from tasks.rendering.params import RenderingParams
from tasks.store.refs import Ref


@pytest.fixture
def external(make_ref: Callable[..., Ref], monkeypatch: pytest.MonkeyPatch) -> Callable[[str], dict[str, str]]:
    """Return a function that gives the digests which the stage of a template is keyed by."""
    splits, base = make_ref("splitting", {"train.jsonl": ""}), make_ref("base", {"base.json": "{}"})
    seen: list[dict[str, Any]] = []
    monkeypatch.setattr(task, "run_stage", lambda _recipe, _write, **said: seen.append(said))

    def ask(template: str) -> dict[str, str]:
        task.render(splits, base, RenderingParams(template=template))
        digests: dict[str, str] = seen[-1]["external"]
        return digests

    return ask


def test_the_text_of_a_template_decides_and_not_its_name(
    external: Callable[[str], dict[str, str]], tmp_path: Path
) -> None:
    first, second = tmp_path / "a.jinja", tmp_path / "b.jinja"
    for path in (first, second):
        path.write_text("{{ messages }}")
    assert external("tokenizer") == {}
    assert external(str(first)) == external(str(second))
    before = external(str(first))
    first.write_text("{{ messages }} ")
    assert external(str(first)) != before
    assert external("chatml") != external("zephyr") != {}


def test_a_file_that_is_not_there_is_found_out_before_anything_runs(
    external: Callable[[str], dict[str, str]], tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match="which is no file"):
        external(str(tmp_path / "none.jinja"))
