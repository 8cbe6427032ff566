import json
import random
from pathlib import Path

import numpy as np
import pytest

from tasks.dedup import shards
from tasks.dedup.near import near_pairs
from tasks.dedup.reuse import Kept
from tasks.dedup.runners import on_ray, processes, threads
from tasks.dedup.shards import Job, near_duplicates, sign
from tasks.dedup.signatures import Scheme
from tasks.dedup.spill import write_corpus
from tasks.dedup.verify import Found
from tests.unit.dedup.test_hashing import SAMPLES
from tests.unit.dedup.test_near_crowds import TEMPLATE


def made(rows: int, seed: int = 0) -> list[str]:
    """Texts with near copies, a crowd of a hundred from one template, and odd ones."""
    rng = random.Random(seed)
    words = [f"word{number}" for number in range(3000)]
    texts = [*SAMPLES, *(f"{' '.join(TEMPLATE)} mail {number}" for number in range(100))]
    while len(texts) < rows:
        first = rng.choices(words, k=60)
        copy = [rng.choice(words) if rng.random() < 0.03 else word for word in first]
        texts += [" ".join(first), " ".join(copy)]
    rng.shuffle(texts)
    return texts


@pytest.fixture(scope="module")
def texts() -> list[str]:
    return made(2500)


@pytest.fixture(autouse=True)
def small_shards(monkeypatch):
    monkeypatch.setattr(shards, "SHARD_ROWS", 700)
    monkeypatch.setattr(shards, "PART_ROWS", 600)
    monkeypatch.setattr(shards, "COMPARED_PAIRS", 100)


def pairs_of(found: Found) -> list[tuple[int, int, float]]:
    return list(zip(*(column.tolist() for column in found), strict=True))


def search(folder: Path, texts: list[str], run=threads, **options) -> list[tuple[int, int, float]]:
    labels = options.pop("labels", None)
    corpus = write_corpus(folder / "corpus", texts, labels)
    return pairs_of(near_duplicates(corpus, folder / "work", run=run, **options))


def test_on_disk_the_result_is_the_one_in_memory(tmp_path, texts):
    found = search(tmp_path / "a", texts)
    assert len(found) > 300
    assert found == near_pairs(texts)
    labels = [number % 3 for number in range(len(texts))]
    assert search(tmp_path / "b", texts, labels=labels) == near_pairs(texts, labels=labels)
    assert search(tmp_path / "c", texts, threshold=0.6, num_perm=64, shingle_size=2) == near_pairs(texts, 0.6, 64, 2)


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_few_texts(tmp_path, rows):
    assert len(search(tmp_path, ["one two three four"] * rows)) == (rows == 2)


def test_limit_decides_what_is_crowded(tmp_path, texts):
    assert len(search(tmp_path / "a", texts, limit=200)) > 4000 + len(search(tmp_path / "b", texts))


@pytest.mark.integration
def test_several_processes_give_the_same(tmp_path, texts):
    with processes(2) as run:
        assert search(tmp_path, texts, run) == near_pairs(texts)


@pytest.mark.integration
@pytest.mark.filterwarnings("ignore")
def test_a_ray_cluster_of_two_nodes_gives_the_same(tmp_path, texts):
    import ray
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    try:
        cluster.add_node(num_cpus=1)
        ray.init(address=cluster.address, log_to_driver=False)
        cluster.wait_for_nodes()
        assert sum(node["Alive"] for node in ray.nodes()) == 2
        nodes = set(on_ray(_node, list(range(8))))
        assert len(nodes) == 2, "both nodes work"
        assert search(tmp_path, texts, on_ray) == near_pairs(texts)
    finally:
        ray.shutdown()
        cluster.shutdown()


def _node(_item: int) -> str:
    import ray

    return ray.get_runtime_context().get_node_id()


def counting(hashed: list[int]):
    """A runner that notes how many texts each `sign` had to hash."""

    def run(work, items):
        results = threads(work, items)
        if work is sign:
            hashed.extend(results)
        return results

    return run


def test_last_nights_signatures_are_reused_and_the_result_is_that_of_a_full_run(tmp_path, texts):
    night = texts[:2000]
    hashed: list[int] = []
    search(tmp_path / "1", night, counting(hashed), keep=tmp_path / "kept1")
    assert sum(hashed) == len(night)
    hashed.clear()
    # The next night some rows are gone, new ones came, and all have moved.
    next_night = texts[2000:] + night[150:][::-1]
    found = search(tmp_path / "2", next_night, counting(hashed), previous=tmp_path / "kept1", keep=tmp_path / "kept2")
    assert found == near_pairs(next_night)
    known = set(night)
    assert sum(hashed) == sum(text not in known for text in next_night)
    hashed.clear()
    again = search(tmp_path / "3", next_night, counting(hashed), previous=tmp_path / "kept2", threshold=0.7)
    assert sum(hashed) == 0, "another threshold needs no other signatures"
    assert again == near_pairs(next_night, 0.7)


@pytest.mark.parametrize("options", [{"num_perm": 64}, {"shingle_size": 2}])
def test_signatures_of_another_scheme_are_not_reused(tmp_path, texts, options):
    search(tmp_path / "1", texts[:300], keep=tmp_path / "kept")
    hashed: list[int] = []
    search(tmp_path / "2", texts[:300], counting(hashed), previous=tmp_path / "kept", **options)
    assert sum(hashed) == 300


def test_a_torn_folder_of_signatures_is_not_reused(tmp_path, texts):
    search(tmp_path / "1", texts[:300], keep=tmp_path / "kept")
    scheme = Scheme.at(0.8, 128, 3)
    assert Kept(tmp_path / "kept").fits(scheme)
    (tmp_path / "kept" / "scheme.json").unlink()
    assert not Kept(tmp_path / "kept").fits(scheme)
    hashed: list[int] = []
    search(tmp_path / "2", texts[:300], counting(hashed), previous=tmp_path / "kept")
    assert sum(hashed) == 300


def test_signatures_of_another_version_of_the_hash_are_not_reused(tmp_path, texts):
    search(tmp_path / "1", texts[:300], keep=tmp_path / "kept")
    path = tmp_path / "kept" / "scheme.json"
    told = json.loads(path.read_text())
    path.write_text(json.dumps({**told, "version": told["version"] + 1}))
    assert not Kept(tmp_path / "kept").fits(Scheme.at(0.8, 128, 3))


def test_an_empty_night_knows_no_text(tmp_path, texts):
    search(tmp_path / "1", [], keep=tmp_path / "kept")
    assert search(tmp_path / "2", texts[:300], previous=tmp_path / "kept") == near_pairs(texts[:300])


def test_a_shard_reads_and_writes_only_its_own(tmp_path, texts):
    corpus = write_corpus(tmp_path / "corpus", texts)
    job = Job(corpus, tmp_path / "work", Scheme.at(0.8, 128, 3), 0.8, 64)
    shards._prepare(job)
    assert sign((job, range(100, 200))) == 100
    keys = np.fromfile(tmp_path / "work" / "keys.bin", np.uint64).reshape(job.scheme.bands, -1)
    assert not keys[:, :100].any()
    assert not keys[:, 200:].any()
    assert keys[:, 100:200].all(axis=0).sum() > 90
