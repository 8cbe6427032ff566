import pickle

import numpy as np
import pytest

from tasks.dedup.packed import Texts
from tasks.dedup.spill import WRITTEN_ROWS, mapped, ranges, reserve, write_at, write_corpus
from tests.unit.dedup.test_hashing import SAMPLES


def contents(packed) -> list[bytes]:
    return [packed.data[start:end].tobytes() for start, end in zip(packed.starts, packed.ends, strict=True)]


def test_a_corpus_on_disk_is_the_one_in_memory(tmp_path):
    texts = SAMPLES * (WRITTEN_ROWS // len(SAMPLES) + 2)
    corpus = write_corpus(tmp_path / "corpus", iter(texts))
    assert len(corpus) == len(texts)
    assert contents(corpus.take(range(len(texts)))) == contents(Texts(texts).take(range(len(texts))))
    rows = [5, 0, len(texts) - 1]
    assert contents(pickle.loads(pickle.dumps(corpus)).take(rows)) == contents(Texts(texts).take(rows))
    assert not corpus.salts.any()


def test_labels_decide_what_may_be_compared(tmp_path):
    corpus = write_corpus(tmp_path / "corpus", ["a", "b", "c"], ["x", None, "x"])
    assert corpus.salts[0] == corpus.salts[2] != corpus.salts[1]


def test_an_empty_corpus(tmp_path):
    corpus = write_corpus(tmp_path / "corpus", [])
    assert len(corpus) == len(corpus.salts) == len(corpus.take(range(0)).starts) == 0


def test_a_folder_is_never_written_over(tmp_path):
    write_corpus(tmp_path / "corpus", ["a"])
    with pytest.raises(FileExistsError):
        write_corpus(tmp_path / "corpus", ["b"])


def test_parts_of_a_file_are_written_apart(tmp_path):
    path = tmp_path / "values"
    reserve(path, 32)
    write_at(path, 16, np.array([3, 4], np.uint64))
    write_at(path, 0, np.array([1, 2], np.uint64))
    assert mapped(path, "uint64").tolist() == [1, 2, 3, 4]
    assert mapped(path, "uint64", 2).tolist() == [[1, 2], [3, 4]]
    with pytest.raises(ValueError, match="read-only"):
        mapped(path, "uint64")[0] = 1


def test_ranges_cover_all_rows():
    assert list(ranges(5, 2)) == [range(2), range(2, 4), range(4, 5)]
