import multiprocessing
import os

import numpy as np
import pytest

from tasks.dedup.vectors import KEY_BYTES, VectorCache, text_key

WIDTH = 6


def row_of(text):
    return np.random.default_rng(int.from_bytes(text_key(text), "big")).normal(size=WIDTH).astype(np.float32)


class Counting:
    """Computes rows and remembers of which texts."""

    def __init__(self, texts):
        self.texts, self.asked = texts, []

    def __call__(self, positions):
        self.asked += [self.texts[position] for position in positions]
        return np.stack([row_of(self.texts[position]) for position in positions])


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "vectors"


def cache(folder, limit=2**20):
    return VectorCache(folder, WIDTH, "float32", limit)


def segments(folder):
    return sorted(folder.glob("*.npy"))


def through(folder, texts, **options):
    compute = Counting(texts)
    rows, found = cache(folder, **options).through(texts, compute)
    np.testing.assert_array_equal(rows, np.stack([row_of(text) for text in texts]))
    return compute.asked, found


def test_only_new_texts_are_computed_and_each_once(folder):
    assert through(folder, ["a", "b", "a"]) == (["a", "b"], 0)
    assert through(folder, ["b", "c", "a", "c", "b"]) == (["c"], 3)
    assert through(folder, ["c", "b", "a"]) == ([], 3)


def test_a_grown_set_equals_a_full_run_bit_for_bit(folder, tmp_path):
    texts = [f"text {number % 70}" for number in range(100)]
    for night in (10, 40, 41, 100):
        part = texts[:night]
        rows, _ = cache(folder).through(part, Counting(part))
    full, found = cache(tmp_path / "other").through(texts, Counting(texts))
    assert found == 0
    assert rows.tobytes() == full.tobytes()


def test_keys_with_zero_bytes_are_told_apart(folder):
    keys = [bytes(KEY_BYTES), b"a".ljust(KEY_BYTES, b"\0"), b"a\0b".ljust(KEY_BYTES, b"\0")]
    cache(folder).put(keys, np.arange(3 * WIDTH).reshape(3, WIDTH))
    rows, found = cache(folder).get([*keys, b"c".ljust(KEY_BYTES, b"\0")])
    assert rows[:, 0].tolist() == [0, WIDTH, 2 * WIDTH, 0]
    assert found.tolist() == [True, True, True, False]


def test_other_types_are_kept_as_they_are(folder):
    signatures = np.array([[2**32 - 1, 0], [1, 2]], dtype=np.uint32)
    kept = VectorCache(folder, 2, "uint32")
    kept.put([text_key("a"), text_key("b")], signatures)
    rows, found = kept.get([text_key("b"), text_key("a")])
    assert rows.dtype == np.uint32
    assert rows.tolist() == signatures[::-1].tolist()
    assert found.all()


def test_a_lone_surrogate_has_a_key():
    assert len(text_key("\ud800")) == KEY_BYTES
    assert text_key("\ud800") != text_key("\ud801")


@pytest.mark.parametrize("harm", ["flipped", "short", "empty", "other"])
def test_a_damaged_segment_is_dropped_and_computed_again(folder, harm):
    through(folder, ["a", "b"])
    (segment,) = segments(folder)
    data = bytearray(segment.read_bytes())
    if harm == "flipped":
        data[-1] ^= 1
    elif harm == "short":
        data = data[:-3]
    elif harm == "empty":
        data = bytearray()
    else:
        data = bytearray(b"no array at all")
    segment.write_bytes(data)
    assert through(folder, ["a", "b"]) == (["a", "b"], 0)
    assert through(folder, ["a", "b"]) == ([], 2)


def test_rows_of_another_width_are_not_taken(folder):
    through(folder, ["a"])
    _, found = VectorCache(folder, WIDTH + 1, "float32").get([text_key("a")])
    assert not found.any()


def test_what_a_killed_writer_left_is_removed(folder):
    folder.mkdir()
    (folder / ".partial-1.npy").write_bytes(b"half")
    through(folder, ["a"])
    assert [path.name for path in folder.glob(".partial*")] == []


def test_a_full_disk_leaves_what_was_there(folder, monkeypatch):
    through(folder, ["a"])

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        through(folder, ["a", "b"])
    monkeypatch.undo()
    assert through(folder, ["a", "b"]) == (["b"], 1)


def test_many_small_nights_leave_few_segments(folder):
    for night in range(40):
        through(folder, [f"night {night} row {row}" for row in range(3)])
    assert len(segments(folder)) <= 6
    assert through(folder, [f"night {night} row {row}" for night in range(40) for row in range(3)])[1] == 120


def test_the_segments_read_longest_ago_go_first(folder):
    one = KEY_BYTES + 4 * WIDTH
    limit = 1000 * one + 3 * 256
    old, hot, new = ([f"{name} {row}" for row in range(rows)] for name, rows in (("o", 500), ("h", 400), ("n", 300)))
    for texts in (old, hot):
        through(folder, texts, limit=limit)
    assert through(folder, old, limit=limit)[1] == 500
    through(folder, hot, limit=limit)
    through(folder, new, limit=limit)
    assert sum(path.stat().st_size for path in segments(folder)) <= limit
    assert through(folder, hot, limit=limit)[1] == 400
    assert through(folder, old, limit=limit)[1] == 0


def test_no_more_than_the_limit_is_written(folder):
    texts = [f"row {row}" for row in range(200)]
    through(folder, texts, limit=50 * (KEY_BYTES + 4 * WIDTH))
    assert through(folder, texts)[1] == 50


def write(folder, start):
    for step in range(8):
        texts = [f"shared {row}" for row in range(start + step, start + step + 20)]
        compute = Counting(texts)
        rows, _ = cache(folder).through(texts, compute)
        assert np.array_equal(rows, np.stack([row_of(text) for text in texts]))


def test_two_processes_may_write_at_once(folder):
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=write, args=(folder, start)) for start in (0, 10)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0]
    assert through(folder, [f"shared {row}" for row in range(37)])[1] == 37
