import pytest
from orjson import dumps

from tasks.screening import task as door
from tasks.screening.card import card
from tasks.screening.params import ScreeningParams
from tasks.screening.task import screen
from tasks.store.keys import stage_key
from tasks.store.records import read_rows
from tasks.store.store import Store
from tests.unit.screening.rows import KEY, ROWS


@pytest.fixture(autouse=True)
def direct(monkeypatch):
    """Build in the store without Prefect around it; flows with Prefect are tested in tests/integration."""

    def run_stage(recipe, write, *, inputs, params, label, variant):
        assert label
        key = stage_key(recipe.stage, {role: ref.digest for role, ref in inputs.items()}, params)
        return Store().build(recipe.stage, key, write, parents={}, params=params)

    monkeypatch.setattr(door, "run_stage", run_stage)


def test_an_artefact_its_counts_and_its_card(make_ref):
    ref = screen(make_ref("ingest", {"records.jsonl": b"\n".join(map(dumps, ROWS))}, {"kept": 6}), ScreeningParams())
    assert ref.counts == {
        "read": 6, "kept": 4, "masked": 0, "quarantined": 2, "with_secrets": 2, "with_personal_data": 3,
        "with_refusals": 2,
    }  # fmt: skip
    directory = Store().open(ref)
    assert len(list(read_rows(directory / "records.jsonl"))) == 4
    text = card(directory, Store().manifest(ref))
    assert "| secrets | quarantine | 2 |" in text
    assert "| EMAIL | 4 | 3 |" in text
    assert "| a.jsonl:3 | SECRET | messages[0].content | 20 | quarantine |" in text
    assert KEY not in text
    assert "example.org" not in text


def test_the_card_of_clean_records(make_ref):
    ref = screen(make_ref("ingest", {"records.jsonl": dumps(ROWS[0])}), ScreeningParams())
    assert "No personal data" in card(Store().open(ref), Store().manifest(ref))


def test_the_key_follows_the_records_and_the_parameters(make_ref):
    one, two = (make_ref("ingest", {"records.jsonl": dumps(row)}) for row in ROWS[:2])
    keys = {
        screen(one, ScreeningParams()).key,
        screen(two, ScreeningParams()).key,
        screen(two, ScreeningParams(personal_data="mask")).key,
    }
    assert len(keys) == 3
    assert screen(one, ScreeningParams(), variant="heldout").key in keys
