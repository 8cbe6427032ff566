import pytest

from tasks.errors import ConfigError, DataError
from tasks.quality import task as door
from tasks.quality.card import card
from tasks.quality.params import QualityParams
from tasks.quality.task import assess
from tasks.store.keys import stage_key
from tasks.store.records import read_json
from tasks.store.store import Store
from tests.unit.quality.rows import NOISY, stages


@pytest.fixture(autouse=True)
def direct(monkeypatch):
    """Build in the store without Prefect around it; flows with Prefect are tested in tests/integration."""

    def run_stage(recipe, write, *, inputs, params, label, external):
        assert label
        key = stage_key(recipe.stage, {role: ref.digest for role, ref in inputs.items()} | external, params)
        return Store().build(recipe.stage, key, write, parents={}, params=params)

    monkeypatch.setattr(door, "run_stage", run_stage)


@pytest.fixture
def refs(make_ref, tmp_path):
    folders = stages(tmp_path / "stages", NOISY)
    return [make_ref(path.name, {file.name: file.read_bytes() for file in path.iterdir()}) for path in folders]


def test_an_artefact_its_counts_and_its_card(refs):
    ref = assess(*refs, QualityParams(min_rows=1))
    assert ref.counts == {"warnings": 2, "issues": 2}
    directory = Store().open(ref)
    assert read_json(directory / "report.json")["severity"] == "warn"
    text = card(directory, Store().manifest(ref))
    assert "usable, with warnings" in text
    assert "`issues.jsonl`" in text


def test_the_report_survives_the_run_that_it_stops(refs):
    with pytest.raises(DataError, match=r"18 unique rows of 21 read \(limit 100\)"):
        assess(*refs, QualityParams())
    [saved] = (Store().root / "work" / "quality").glob("*/report.md")
    assert "not fit for training" in saved.read_text()
    assert (saved.parent / "issues.jsonl").stat().st_size


def test_the_key_follows_the_content_of_the_schema(refs, tmp_path):
    path = tmp_path / "schema.json"
    keys = set()
    for content in ("{}", '{"type": "object"}'):
        path.write_text(content)
        keys.add(assess(*refs, QualityParams(min_rows=1, schema_file=str(path))).key)
    assert len(keys) == 2
    path.write_text("{")
    with pytest.raises(ConfigError):
        assess(*refs, QualityParams(min_rows=1, schema_file=str(path)))
