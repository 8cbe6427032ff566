"""Prefect door of dedup."""

from pathlib import Path

from tasks.dedup.card import card
from tasks.dedup.large import stage_pairs
from tasks.dedup.model import locate_model, model_digest
from tasks.dedup.near import Pair
from tasks.dedup.params import DedupParams
from tasks.dedup.passes import deduplicate
from tasks.runtime.task import run_in_child
from tasks.store.keys import Stage
from tasks.store.records import Row, read_rows, write_json, write_rows
from tasks.store.refs import Outcome, Ref
from tasks.store.store import Store
from tasks.store.task import Recipe, run_stage

STAGE = Stage("dedup", "3", ("numba", "numpy", "sentence-transformers", "model2vec", "skeletoken", "faiss-cpu"))
RECIPE = Recipe(STAGE, card)
CHILD_OPTIONS = (
    "backend", "auto_rows", "static_threshold", "static_dimensions", "exact_rows", "recall", "agreement_rows",
    "agreement_always",
)  # fmt: skip


def dedup(records: Ref, params: DedupParams) -> Ref:
    """Keep one record of each duplicate group, and list groups and contradictions."""
    store = Store()
    model = locate_model(params.embedding_model) if params.embedding else None

    external = {"embedding_model": model_digest(model)} if model else {}

    def write(out: Path) -> Outcome:
        facts: dict[str, float] = {}

        def close_pairs(texts: list[str], labels: list[str]) -> tuple[list[Pair], Row]:
            scratch = store.workdir(STAGE.name, out.name)
            payload = {
                "model": str(model),
                "digest": external["embedding_model"],
                "threshold": params.embedding_threshold,
                **{name: getattr(params, f"embedding_{name}") for name in CHILD_OPTIONS},
                "texts": str(scratch / "texts.jsonl"),
                "pairs": str(scratch / "pairs.jsonl"),
            }
            rows = ({"text": text, "label": label} for text, label in zip(texts, labels, strict=True))
            write_rows(scratch / "texts.jsonl", rows)
            said = run_in_child("tasks.dedup.child:main", payload, scratch, title="embeddings")
            # How much was kept from an earlier night changes from night to night: a fact, not a result.
            facts.update(embedded_rows=said["embedded"], reused_rows=said["reused"], embedding_seconds=said["seconds"])
            pairs = [(row["left"], row["right"], row["cosine"]) for row in read_rows(scratch / "pairs.jsonl")]
            return pairs, said

        def near(texts: list[str], labels: list[str], params: DedupParams) -> list[Pair]:
            return stage_pairs(texts, labels, params, store.workdir(STAGE.name, out.name))

        found = deduplicate(list(read_rows(store.open(records) / "records.jsonl")), params, close_pairs, near)
        write_rows(out / "records.jsonl", found.records)
        write_rows(out / "groups.jsonl", found.groups)
        write_rows(out / "conflicts.jsonl", found.conflicts)
        write_json(out / "summary.json", found.summary)
        summary = found.summary
        counts = {
            "read": summary["read"],
            "unique": summary["unique"],
            "duplicates": summary["exact"] + summary["minhash"] + summary["embedding"],
            "conflicts": summary["conflicts"],
        }
        return Outcome(counts=counts, facts=facts)

    label = f"{records.counts.get('kept', 0)} records"
    return run_stage(RECIPE, write, inputs={"records": records}, params=params, label=label, external=external)
