import json
import os
from pathlib import Path

import pytest

from tasks.errors import ArtifactError
from tasks.merging.tensors import (
    in_file_order,
    model_files,
    read_headers,
    split_files,
    write_header,
    write_index,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    import torch
    from safetensors.torch import save_file

    torch.manual_seed(0)
    tensors = {
        "b": torch.randn(6, 4).bfloat16(),
        "a": torch.randn(10).bfloat16(),
        "scalar": torch.tensor(2.0).bfloat16(),
        "empty": torch.zeros(0, 4).bfloat16(),
    }
    save_file(tensors, tmp_path / "model.safetensors", metadata={"format": "pt"})
    return tmp_path


def test_rows_and_wholes_are_what_the_library_reads(folder: Path) -> None:
    import torch
    from safetensors.torch import load_file

    expected, found = load_file(folder / "model.safetensors"), read_headers(model_files(folder))
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name].whole(), expected[name]) for name in expected)
    assert torch.equal(found["b"].rows(2, 5), expected["b"][2:5])


def test_a_file_written_in_pieces_is_byte_for_byte_the_librarys(folder: Path) -> None:
    found = read_headers(model_files(folder))
    with (folder / "again.safetensors").open("wb") as file:
        group = in_file_order(list(found.items()))
        write_header(file, group)
        for _, stored in group:
            file.write(stored.raw(0, stored.size))
    assert (folder / "again.safetensors").read_bytes() == (folder / "model.safetensors").read_bytes()


def test_files_hold_what_fits_and_a_large_tensor_has_its_own(folder: Path) -> None:
    found = read_headers(model_files(folder))
    order = [(name, found[name]) for name in ("a", "scalar", "b", "empty")]  # 20, 2, 48 and 0 bytes
    names = [[name for name, _ in group] for group in split_files(order, 22)]
    assert names == [["a", "scalar"], ["b"], ["empty"]]
    write_index(folder, {f"{index}.safetensors": group for index, group in enumerate(split_files(order, 22))})
    index = json.loads((folder / "model.safetensors.index.json").read_text())
    assert index["metadata"] == {"total_size": 70, "total_parameters": 35}
    assert index["weight_map"]["b"] == "1.safetensors"


def test_a_torn_file_and_a_missing_one_are_errors(folder: Path) -> None:
    os.truncate(folder / "model.safetensors", 60)
    with pytest.raises(ArtifactError, match="no whole safetensors file"):
        read_headers(model_files(folder))
    (folder / "model.safetensors.index.json").write_text('{"weight_map": {"a": "lost.safetensors"}}')
    with pytest.raises(ArtifactError, match=r"has no lost\.safetensors"):
        model_files(folder)


def test_a_tensor_in_two_files_is_an_error(folder: Path) -> None:
    with pytest.raises(ArtifactError, match=r"is in model\.safetensors and in"):
        read_headers([*model_files(folder), *model_files(folder)])
