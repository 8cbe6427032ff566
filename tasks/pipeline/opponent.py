"""The release that serves now, as the opponent of the model that was just trained."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tasks.errors import ArtifactError
from tasks.evaluation.items import choose_records, choose_set
from tasks.evaluation.params import EvaluationParams
from tasks.gating.champion import Champion
from tasks.mixing.choose import asked
from tasks.promotion.registry import champion as serving_release
from tasks.promotion.registry import read_release
from tasks.rendering.templates import TEMPLATE_FILE
from tasks.splitting.summary import SPLITS
from tasks.store.keys import file_digest
from tasks.store.records import read_rows
from tasks.store.refs import Ref
from tasks.store.store import Store

LEARNT = ("train", "validation")


@dataclass(frozen=True)
class Opponent:
    """What the gate is told of the champion, and what its evaluation needs.

    Attributes:
        champion: For the gate.
        version: Of its release.
        training: Its adapter; None when it is not compared.
        rendering: A rendering that has its chat template; None when it is not compared.
    """

    champion: Champion
    version: str
    training: Ref | None = None
    rendering: Ref | None = None


def find_opponent(name: str, stages: Mapping[str, Ref], evaluation: EvaluationParams) -> Opponent | None:
    """Return the release that the new model must not be worse than; None when there is none.

    That is the one that serves under the name. Where it holds this very training, it is the one that the training was
    compared with when it was released: so a run that changes nothing finds the verdict of before.

    Args:
        name: The model's name.
        stages: References of the run: splitting, base, rendering and training.
        evaluation: Which test is asked.
    """
    release = serving_release(name)
    if release is None:
        return None
    if _digest(release, "training") == stages["training"].digest:
        before = (release.get("verdict") or {}).get("champion")
        if not before:
            return None
        try:
            release = read_release(*before.split(" "))
        except ArtifactError as error:
            return Opponent(Champion(name=before, why_not=str(error)), before.split(" ")[-1])
    version = release["version"]
    known = f"{release['name']} {version}"
    try:
        return _opponent(known, version, release, stages, evaluation)
    except ArtifactError as error:
        why = (
            f"{error}. Releases keep their adapter, but not the stages behind it; run its flow again to have them back"
        )
        return Opponent(Champion(name=known, why_not=why), version)


def _opponent(
    known: str, version: str, release: dict[str, Any], stages: Mapping[str, Ref], evaluation: EvaluationParams
) -> Opponent:
    if _digest(release, "base") != stages["base"].digest:
        why = "it was trained on another base model, so its adapter fits no model of this run"
        return Opponent(Champion(name=known, why_not=why), version)
    store = Store()
    training, splits = _ref(release, "training", store), _ref(release, "splitting", store)
    rendering = stages["rendering"]
    theirs = _ref(release, "rendering", store)
    same = file_digest(store.open(theirs) / TEMPLATE_FILE) == file_digest(store.open(rendering) / TEMPLATE_FILE)
    seen, fresh = compare_tests(store.open(splits), store.open(stages["splitting"]), evaluation)
    champion = Champion(
        name=known, same_template=same, seen=tuple(seen), fresh=tuple(fresh), note=_note(known, same, seen, fresh)
    )
    return Opponent(champion, version, training, rendering if same else theirs)


def compare_tests(theirs: Path, ours: Path, evaluation: EvaluationParams) -> tuple[list[str], list[str]]:
    """Return the ids of the test's items that an older model was trained on, and of those that its data did not have.

    Records are known again by what is asked: their ids are places in files, which move.

    Args:
        theirs: Splits of the older model.
        ours: Splits of this run.
        evaluation: Which test is asked.
    """
    learnt, there = set(), set()
    for split in SPLITS:
        for record in read_rows(theirs / f"{split}.jsonl"):
            text = asked(record)
            there.add(text)
            if split in LEARNT:
                learnt.add(text)
    records = choose_records(ours, choose_set(ours, evaluation), evaluation)
    seen = [str(record["id"]) for record in records if asked(record) in learnt]
    fresh = [str(record["id"]) for record in records if asked(record) not in there]
    return seen, fresh


def _note(known: str, same: bool, seen: list[str], fresh: list[str]) -> str:
    said = [f"Of the test's items {len(fresh)} are new since {known} was trained."]
    if seen:
        said.append(f"{len(seen)} are left out of the comparison with it: it was trained on them.")
    if not same:
        said.append("It was asked in the chat template that it was trained with, which is another.")
    return " ".join(said)


def _digest(release: dict[str, Any], role: str) -> str:
    return str(release["lineage"].get(role, {}).get("digest", ""))


def _ref(release: dict[str, Any], role: str, store: Store) -> Ref:
    """Return the artefact of a release's stage.

    Raises:
        ArtifactError: It is gone, damaged, or was built anew with other content.
    """
    entry = release["lineage"][role]
    ref = store.resolve(f"{entry['kind']}/{entry['key']}")
    if ref.digest != entry["digest"]:
        raise ArtifactError(f"{ref.name} is not what the release was made of: it was built again with other content")
    return ref
