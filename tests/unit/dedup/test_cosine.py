import numpy as np
import pytest

from tasks.dedup import cosine


@pytest.fixture
def vectors():
    drawn = np.random.default_rng(3).normal(size=(40, 3)).astype(np.float32)
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


def pairs(vectors, threshold):
    return [
        (int(i), int(j), float(value))
        for _, hits in cosine.cosine_tiles(vectors, threshold)
        for i, j, value in zip(*hits, strict=True)
    ]


@pytest.mark.parametrize("tile", [(1, 1), (7, 3), (5, 16), (512, 4096)])
def test_tiles_find_what_a_full_comparison_finds(vectors, monkeypatch, tile):
    monkeypatch.setattr(cosine, "TILE_ROWS", tile[0])
    monkeypatch.setattr(cosine, "TILE_COLUMNS", tile[1])
    found = pairs(vectors, 0.8)
    full = vectors @ vectors.T
    assert sorted(found) == [
        (i, j, pytest.approx(float(full[i, j]))) for i in range(40) for j in range(i + 1, 40) if full[i, j] >= 0.8
    ]
    assert len(found) > 10


def test_a_higher_threshold_finds_fewer(vectors):
    assert len(pairs(vectors, 0.5)) > len(pairs(vectors, 0.9)) > 0


def test_equal_rows_reach_a_threshold_of_one_and_none_passes_it():
    row = np.random.default_rng(1).normal(size=(1, 300)).astype(np.float32)
    row /= np.linalg.norm(row)
    found = pairs(np.repeat(row, 50, axis=0), 1.0)
    assert len(found) == 50 * 49 // 2
    assert all(value <= 1 for *_, value in found)


def test_a_row_of_zeros_is_close_to_none():
    rows = np.array([[0, 0], [1, 0], [0, 0], [1, 0]], dtype=np.float32)
    assert [(i, j) for i, j, _ in pairs(rows, 0.3)] == [(1, 3)]


def test_no_rows():
    assert pairs(np.zeros((0, 4), dtype=np.float32), 0.5) == []
