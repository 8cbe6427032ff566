import numpy as np
import pytest

from tasks.dedup.encode import BATCH_ROWS, SentenceEncoder, StaticEncoder, choose_backend, marked
from tasks.dedup.static import static_model
from tests.unit.dedup.tiny_embedding import LIMIT, WORDS, sentences, write_tiny_embedding


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_tiny_embedding(tmp_path_factory.mktemp("embedding"))


@pytest.fixture(scope="module")
def full(folder):
    return SentenceEncoder(folder, "digest")


@pytest.fixture
def static(folder):
    return StaticEncoder(static_model(folder, "digest", 16))


def quiet(_done, _total):
    pass


def test_auto_takes_the_static_one_beyond_a_size():
    assert choose_backend("auto", 10, 10) == "sentence-transformers"
    assert choose_backend("auto", 11, 10) == "static"
    assert choose_backend("static", 1, 10) == "static"
    assert choose_backend("sentence-transformers", 99, 10) == "sentence-transformers"


def test_vectors_of_the_full_model_are_those_of_the_library(full, folder):
    from sentence_transformers import SentenceTransformer

    texts = sentences(70)
    library = SentenceTransformer(str(folder), local_files_only=True, device="cpu")
    np.testing.assert_allclose(
        full.encode(texts, quiet), library.encode(texts, normalize_embeddings=True, show_progress_bar=False), atol=1e-5
    )


def test_a_text_has_the_same_bits_alone_and_among_any_others(full, static):
    texts = sentences(120)
    for encoder in (full, static):
        together = encoder.encode(texts, quiet)
        rng = np.random.default_rng(2)
        for size in (1, 2, BATCH_ROWS, 37):
            some = rng.permutation(120)[:size]
            apart = encoder.encode([texts[row] for row in some], quiet)
            assert apart.tobytes() == together[some].tobytes()


def test_static_vectors_are_those_of_the_library(static, folder):
    from model2vec import StaticModel

    texts = [*sentences(30), "baba xyzzy " + " ".join(WORDS[:9])]
    library = StaticModel.from_pretrained(static_model(folder, "digest", 16))
    np.testing.assert_allclose(static.encode(texts, quiet), library.encode(texts, max_length=None), atol=1e-6)


def test_texts_that_cannot_be_judged_are_marked(full, static):
    texts = [WORDS[0], " ".join([WORDS[0]] * LIMIT), "☃ 你好 " + WORDS[0], "", " ".join(WORDS[: LIMIT - 2])]
    too_long, unknown = marked(full.encode(texts, quiet))
    assert too_long.tolist() == [False, True, False, False, False]
    assert unknown.tolist() == [False, False, True, False, False]
    vectors = static.encode(texts, quiet)
    too_long, unknown = marked(vectors)
    assert not too_long.any()
    assert unknown.tolist() == [False, False, True, True, False]
    np.testing.assert_allclose(np.linalg.norm(vectors[[0, 1, 4]], axis=1), 1, atol=1e-6)


def test_a_static_model_reads_a_long_text_to_its_end(static):
    long = " ".join(WORDS[:300] * 3)
    one, other = static.encode([long, f"{long} {' '.join(WORDS[300:] * 5)}"], quiet)
    assert not np.allclose(one, other, atol=1e-3)


def test_no_texts(full, static):
    assert full.encode([], quiet).shape == (0, 32)
    assert static.encode([], quiet).shape == (0, 16)


def test_identities_name_what_decides_a_vector(full, static, folder):
    assert SentenceEncoder(folder, "digest").identity == full.identity
    assert SentenceEncoder(folder, "another").identity != full.identity
    assert StaticEncoder(static_model(folder, "digest", 16)).identity == static.identity
    assert StaticEncoder(static_model(folder, "digest", 12)).identity != static.identity


def test_progress_can_stop_the_work(full, static):
    def stop(_done, _total):
        raise InterruptedError

    for encoder in (full, static):
        with pytest.raises(InterruptedError):
            encoder.encode([WORDS[0]], stop)
