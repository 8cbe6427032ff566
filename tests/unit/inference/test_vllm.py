from pathlib import Path

from tasks.inference.vllm import options, vllm_command


def test_settings_become_options() -> None:
    settings = {"dtype": "float32", "enforce-eager": True, "enable-lora": False, "lora-modules": ["a=/x", "b=/y"]}
    assert options(settings) == [
        "--dtype", "float32", "--enforce-eager", "--no-enable-lora", "--lora-modules", "a=/x", "b=/y",
    ]  # fmt: skip
    assert options({"rope": {"factor": 2}}) == ["--rope", '{"factor": 2}']


def test_a_server_listens_on_this_machine_only() -> None:
    command = vllm_command("/venv/python", Path("/model"), 4711, {"dtype": "float32"})
    assert " ".join(command) == (
        "/venv/python -m vllm.entrypoints.openai.api_server --model /model --host 127.0.0.1 --port 4711 --dtype float32"
    )
