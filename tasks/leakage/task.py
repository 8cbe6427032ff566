"""Prefect door of the leakage proof."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from tasks.dedup.model import locate_model, model_digest
from tasks.leakage.card import card
from tasks.leakage.params import LeakageParams
from tasks.leakage.prove import write_proof
from tasks.runtime.task import run_in_child
from tasks.store.keys import Stage, digest_of, file_digest
from tasks.store.records import write_rows
from tasks.store.refs import Outcome, Ref
from tasks.store.store import Store
from tasks.store.task import Recipe, run_stage

if TYPE_CHECKING:
    import numpy as np

STAGE = Stage("leakage", "1", ("numba", "sentence-transformers", "numpy"))
RECIPE = Recipe(STAGE, card)


def prove_no_leakage(splits: Ref, benchmarks: Mapping[str, Path], params: LeakageParams) -> Ref:
    """Prove that no split and no benchmark holds what another split trains on.

    Args:
        splits: The splitting stage's artefact.
        benchmarks: File of each benchmark's items, by the benchmark's name.
        params: Limits, and what happens where they are passed.
    """
    store = Store()
    group_by = list(store.manifest(splits).params.get("group_by", ()))
    model = locate_model(params.embedding_model) if params.embedding_rows else None

    def write(out: Path) -> Outcome:
        def embed(texts: list[str]) -> "np.ndarray":
            import numpy as np

            scratch = store.workdir(STAGE.name, out.name)
            payload = {
                "model": str(model),
                "texts": str(scratch / "texts.jsonl"),
                "vectors": str(scratch / "vectors.npy"),
            }
            write_rows(scratch / "texts.jsonl", ({"text": text} for text in texts))
            run_in_child("tasks.leakage.child:main", payload, scratch, title="embeddings across splits")
            vectors: np.ndarray = np.load(scratch / "vectors.npy", allow_pickle=False)
            return vectors

        return write_proof(store.open(splits), group_by, benchmarks, params, embed, out)

    external = {f"benchmark {name}": file_digest(path) for name, path in benchmarks.items()}
    # The fields are the splitting's parameter, not in its files: the reference's digest does not tell them apart.
    external |= {"group_by": digest_of(group_by)} if group_by else {}
    external |= {"embedding_model": model_digest(model)} if model else {}
    label = f"{splits.counts.get('train', 0)} training rows"
    return run_stage(RECIPE, write, inputs={"splits": splits}, params=params, label=label, external=external)
