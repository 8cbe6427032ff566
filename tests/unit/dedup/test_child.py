import json
import os
import threading

import pytest

from tasks.dedup import child
from tasks.dedup.encode import SentenceEncoder, StaticEncoder
from tasks.runtime.child import Events, StoppedError
from tasks.store.records import read_rows, write_rows
from tests.unit.dedup.tiny_embedding import LIMIT, WORDS, sentences, write_tiny_embedding


class Stop:
    def __init__(self, after=10**9):
        self.left = after

    def check(self):
        self.left -= 1
        if self.left < 0:
            raise StoppedError


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return write_tiny_embedding(tmp_path_factory.mktemp("embedding"))


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    # What the child sets for its own process must not outlive a test.
    monkeypatch.setenv("TOKENIZERS_PARALLELISM", "false")
    monkeypatch.setenv("RAYON_NUM_THREADS", "1")


@pytest.fixture
def encoded(monkeypatch):
    """The texts that each backend has embedded."""
    seen = {"sentence-transformers": [], "static": []}
    for encoder in (SentenceEncoder, StaticEncoder):
        encode = encoder.encode

        def watched(self, texts, report, encode=encode):
            seen[self.name] += texts
            return encode(self, texts, report)

        monkeypatch.setattr(encoder, "encode", watched)
    return seen


@pytest.fixture
def run(model, tmp_path):
    """Run the child on texts (all of one label unless given): what it returns, and the pairs it writes."""
    read, write = os.pipe()
    lines = []

    def follow():
        with os.fdopen(read) as pipe:
            lines.extend(pipe)

    reader = threading.Thread(target=follow)
    reader.start()
    events = Events(write)

    def run(texts, labels=None, stop=None, **payload):
        rows = zip(texts, labels or ["x"] * len(texts), strict=True)
        write_rows(tmp_path / "texts.jsonl", ({"text": text, "label": label} for text, label in rows))
        files = {"texts": str(tmp_path / "texts.jsonl"), "pairs": str(tmp_path / "pairs.jsonl")}
        said = child.main({"model": str(model), "threshold": 0.9, **files, **payload}, events, stop or Stop())
        assert json.loads(json.dumps(said)) == said
        return said, [(row["left"], row["right"]) for row in read_rows(tmp_path / "pairs.jsonl")]

    yield run
    events._pipe.close()
    reader.join(5)
    assert all(json.loads(line)["event"] == "progress" for line in lines)


TEXTS = sentences(60)
DOUBLED = [*TEXTS[:40], *(text.upper() for text in TEXTS[:10])]
EQUAL = [(row, row + 40) for row in range(10)]


@pytest.mark.parametrize("backend", ["sentence-transformers", "static"])
def test_equal_texts_are_found_by_either_backend(run, backend):
    said, pairs = run(DOUBLED, backend=backend, threshold=0.9999, static_dimensions=16)
    assert pairs == EQUAL
    assert (said["embedded"], said["too_long"], said["unknown"], said["backend"]) == (50, 0, 0, backend)
    assert said["threshold"] == 0.9999
    assert said["agreement"] is None


def test_the_old_payload_still_works(run):
    said, pairs = run(DOUBLED, threshold=0.9999)
    assert said["backend"] == "sentence-transformers"
    assert pairs == EQUAL


def test_only_rows_of_one_label_are_compared(run):
    _, pairs = run(DOUBLED, [str(row % 40 < 5) if row < 45 else "other" for row in range(50)], threshold=0.9999)
    assert pairs == EQUAL[:5]


def test_texts_that_cannot_be_judged_are_counted_and_not_compared(run):
    long = " ".join([WORDS[0]] * LIMIT)
    said, pairs = run([long, long, "☃ 你", "☃ 你", TEXTS[0], TEXTS[0]])
    assert (said["embedded"], said["too_long"], said["unknown"]) == (2, 2, 2)
    assert pairs == [(4, 5)]


def test_auto_chooses_by_size(run):
    assert run(DOUBLED, backend="auto", auto_rows=50)[0]["backend"] == "sentence-transformers"
    assert run(DOUBLED, backend="auto", auto_rows=49, static_dimensions=16)[0]["backend"] == "static"


@pytest.mark.parametrize("backend", ["sentence-transformers", "static"])
def test_a_night_with_new_rows_embeds_only_those_and_equals_a_full_run(
    run, encoded, home, tmp_path, monkeypatch, backend
):
    options = {"backend": backend, "static_dimensions": 16, "threshold": 0.6}
    said, _ = run(TEXTS[:45], **options)
    assert said["reused"] == 0
    encoded[backend].clear()
    said, _ = run(TEXTS, **options)
    assert said["reused"] == 45
    assert encoded[backend] == TEXTS[45:]
    incremental = (tmp_path / "pairs.jsonl").read_bytes()
    monkeypatch.setenv("FINETUNE_FLOWS_HOME", str(home / "fresh"))
    assert run(TEXTS, **options)[0]["reused"] == 0
    assert (tmp_path / "pairs.jsonl").read_bytes() == incremental
    assert incremental


def test_without_a_cache_nothing_is_kept(run, home):
    for _ in range(2):
        assert run(TEXTS, cache_bytes=0)[0]["reused"] == 0
    assert not (home / "cache" / "vectors").exists()


def test_the_static_threshold_is_matched_on_a_sample_by_the_full_model(run, encoded):
    said, _ = run(DOUBLED, backend="static", static_dimensions=16, agreement_rows=30)
    assert 0 < len(encoded["sentence-transformers"]) <= 30
    assert said["agreement"]["rows"] <= 30
    assert said["agreement"]["full_threshold"] == 0.9
    assert said["threshold"] == said["agreement"]["static_threshold"] != 0.9
    assert said["agreement"]["static"] <= said["agreement"]["full"]
    fixed, _ = run(DOUBLED, backend="static", static_dimensions=16, agreement_rows=30, static_threshold=0.97)
    assert fixed["threshold"] == fixed["agreement"]["static_threshold"] == 0.97
    blind, _ = run(DOUBLED, backend="static", static_dimensions=16, static_threshold=0.98)
    assert (blind["threshold"], blind["agreement"]) == (0.98, None)


def test_with_the_full_model_the_backends_are_compared_only_when_asked_for(run, encoded):
    said, _ = run(DOUBLED, agreement_rows=30, static_dimensions=16)
    assert said["agreement"] is None
    assert encoded["static"] == []
    said, _ = run(DOUBLED, agreement_rows=30, agreement_always=True, static_dimensions=16)
    assert said["agreement"]["rows"] <= 30
    assert said["threshold"] == 0.9


def test_exact_rows_and_recall_reach_the_search(run):
    said, pairs = run(DOUBLED, threshold=0.9999, exact_rows=10, recall=1.0)
    assert said["search"]["indexed_rows"] == 50
    assert pairs == EQUAL
    assert run(DOUBLED)[0]["search"]["exact_rows"] == 50


def test_no_rows(run):
    said, pairs = run([])
    assert (said["embedded"], pairs) == (0, [])
    said, pairs = run([], backend="static", static_dimensions=16, agreement_rows=10)
    assert (said["embedded"], pairs) == (0, [])


@pytest.mark.parametrize("after", [0, 3])
def test_it_stops_when_asked_to(run, after):
    with pytest.raises(StoppedError):
        run(TEXTS, stop=Stop(after))
