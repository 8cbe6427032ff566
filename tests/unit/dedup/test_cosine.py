import numpy as np
import pytest

from tasks.dedup import cosine


@pytest.fixture
def vectors():
    drawn = np.random.default_rng(3).normal(size=(40, 3)).astype(np.float32)
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


@pytest.mark.parametrize("block_rows", [1, 7, 1024])
def test_blocks_find_what_a_full_comparison_finds(vectors, monkeypatch, block_rows):
    monkeypatch.setattr(cosine, "BLOCK_ROWS", block_rows)
    groups = [list(range(0, 40, 2)), list(range(1, 40, 2))]
    found = {(i, j) for block in cosine.cosine_pairs(vectors, 0.8, groups) for i, j, _ in block}
    full = vectors @ vectors.T
    assert found == {(i, j) for i in range(40) for j in range(i + 1, 40) if full[i, j] >= 0.8 and (j - i) % 2 == 0}
    assert len(found) > 10


def test_a_higher_threshold_finds_fewer(vectors):
    counts = [
        sum(len(block) for block in cosine.cosine_pairs(vectors, level, [list(range(40))])) for level in (0.5, 0.9)
    ]
    assert counts[0] > counts[1] > 0
