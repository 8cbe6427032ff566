import gzip

import pytest
import zstandard

from tasks.errors import DataError
from tasks.ingest.opening import open_bytes
from tasks.ingest.sources import find_sources

TEXT = b"".join(b'{"text": "line %d"}\n' % number for number in range(5000))
PACK = {"gz": gzip.compress, "zst": zstandard.ZstdCompressor().compress}


def read(path):
    [source] = find_sources([str(path)])
    with open_bytes(source) as file:
        return file.read()


@pytest.mark.parametrize("packing", PACK)
def test_packed_files_of_one_part_and_of_several(tmp_path, packing):
    path = tmp_path / f"a.jsonl.{packing}"
    path.write_bytes(PACK[packing](TEXT))
    assert read(path) == TEXT
    path.write_bytes(PACK[packing](TEXT) + PACK[packing](b"") + PACK[packing](TEXT))
    assert read(path) == TEXT + TEXT


@pytest.mark.parametrize("packing", PACK)
@pytest.mark.parametrize(
    "damage", [lambda data: data[:-9], lambda data: data[:200], lambda _: b"", lambda _: b"plain text"]
)
def test_damage_is_an_error_that_names_the_file(tmp_path, packing, damage):
    path = tmp_path / f"a.jsonl.{packing}"
    path.write_bytes(damage(PACK[packing](TEXT)))
    with pytest.raises(DataError, match=rf"a\.jsonl\.{packing} is damaged or cut short .*Copy it again"):
        read(path)


def test_a_plain_file_is_read_as_it_is(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(TEXT)
    assert read(tmp_path / "a.jsonl") == TEXT
