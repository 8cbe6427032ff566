"""The report through its Prefect door: artefact, card and the table in the UI."""

import shutil
from collections.abc import Mapping

from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey

from tasks.reporting.card import card
from tasks.reporting.task import report
from tasks.store.records import read_json
from tasks.store.refs import Ref
from tasks.store.store import Store


@flow
def reports(names: list[str], stages: Mapping[str, Ref], approval: dict[str, str] | None = None) -> list[Ref]:
    return [report(name, stages, approval) for name in names]


def test_a_report_is_an_artefact_a_card_and_a_table(server: None, make_run) -> None:
    run = make_run()
    first, again, other = reports(["mails", "mails", "others"], run)
    assert again == first
    assert other.key != first.key
    assert first.counts == {"stages": len(run)}

    store = Store()
    directory, manifest = store.open(first), store.manifest(first)
    assert set(manifest.files) == {"report.html", "results.json"}
    assert manifest.parents["gating"] == run["gating"].name
    assert read_json(directory / "results.json")["name"] == "mails"

    text = card(directory, manifest)
    assert "## mails: pass" in text
    assert str(directory / "report.html") in text
    assert "| extraction: field accuracy | 0.0 | 86.2 | +86.2 | +81.0 to +90.0 | +40.0 | pass |" in text

    with get_client(sync_client=True) as client:
        found = client.read_artifacts(artifact_filter=ArtifactFilter(key=ArtifactFilterKey(any_=["results"])))
    assert {artifact.type for artifact in found} == {"table"}
    assert any(f"{directory / 'report.html'}" in (artifact.description or "") for artifact in found)


def test_a_report_follows_the_keys_and_not_only_the_content(server: None, make_run) -> None:
    run = make_run()
    same_content = run["mixing"].model_copy(update={"key": "b" * 24})
    store = Store()
    shutil.copytree(store.directory("mixing", run["mixing"].key), store.directory("mixing", same_content.key))
    first, second = reports(["mails"], run), reports(["mails"], {**run, "mixing": same_content})
    assert first[0].key != second[0].key
    page = (store.open(second[0]) / "report.html").read_text()
    assert f"mixing/{same_content.key}" in page


def test_another_decision_is_another_report(server: None, make_run) -> None:
    run = make_run()
    decided = {"decision": "approve", "by": "Ada", "reason": "reads well", "time": "2026-11-28T18:00:00+00:00"}
    (first,), (second,) = reports(["mails"], run), reports(["mails"], run, decided)
    assert first.key != second.key
    assert read_json(Store().open(second) / "results.json")["approval"] == decided
