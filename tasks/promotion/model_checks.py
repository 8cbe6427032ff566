"""What can be checked of a release's model without loading it: weights, tokenizer, contract."""

from pathlib import Path
from typing import Any

from tasks.errors import ProofError
from tasks.promotion.checks import Opened, UncheckedError
from tasks.store.keys import file_digest
from tasks.store.records import read_json

MODEL, ADAPTER = "model", "adapter"
INDEX = "model.safetensors.index.json"
# Files that run code when a program loads them.
PICKLES = frozenset({".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".joblib"})
TEMPLATE, TOKENIZER = "chat_template.jinja", "tokenizer.json"


def weights(release: Opened) -> str:
    """Check that weights are safetensors whose headers hold, that shards are whole, and that nothing runs code."""
    names = sorted(release.digests)
    unsafe = [name for name in names if Path(name).suffix in PICKLES]
    unsafe += [name for name in names if name.startswith((f"{MODEL}/", f"{ADAPTER}/")) and name.endswith(".py")]
    if unsafe:
        raise ProofError(f"{', '.join(unsafe)}: only safetensors are served, and no code comes with a model")
    config = read_json(release.folder / MODEL / "config.json")
    if config.get("auto_map"):
        raise ProofError(f"{MODEL}/config.json names code of its own (auto_map), which nobody has checked")
    tensors: dict[str, set[str]] = {}
    for name in names:
        if name.endswith(".safetensors"):
            tensors[name] = _header(release.folder / name, name)
    for part in (MODEL, ADAPTER):
        if not any(name.startswith(f"{part}/") for name in tensors):
            raise ProofError(f"{part}/ holds no safetensors")
    _check_index(release.folder, tensors)
    return f"{len(tensors)} safetensors files, {sum(map(len, tensors.values()))} tensors"


def _header(path: Path, name: str) -> set[str]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="np") as file:
            found = set(file.keys())
    except SafetensorError as error:
        raise ProofError(f"{name} is no whole safetensors file: {error}") from error
    if not found:
        raise ProofError(f"{name} holds no tensor")
    return found


def _check_index(folder: Path, tensors: dict[str, set[str]]) -> None:
    shards = {name.removeprefix(f"{MODEL}/"): held for name, held in tensors.items() if name.startswith(f"{MODEL}/")}
    path = folder / MODEL / INDEX
    if not path.is_file():
        if len(shards) > 1:
            raise ProofError(f"{MODEL}/ holds {len(shards)} shards and no {INDEX}")
        return
    named: dict[str, set[str]] = {}
    for tensor, shard in read_json(path)["weight_map"].items():
        named.setdefault(shard, set()).add(tensor)
    if named != shards:
        wrong = sorted(shard for shard in set(named) | set(shards) if named.get(shard) != shards.get(shard))
        raise ProofError(f"{MODEL}/{INDEX} does not name the tensors of {', '.join(wrong)} as they are")


def contract(release: Opened) -> str:
    """Check that template, tokenizer and generation settings are those that training and serving agreed on."""
    said = read_json(release.folder / "contract.json")
    folder = release.folder / MODEL
    wrong = []
    if file_digest(folder / TEMPLATE) != said["chat_template_sha256"]:
        wrong.append(f"{MODEL}/{TEMPLATE} is not the chat template it was trained with")
    if read_json(folder / "generation_config.json") != said["generation_config"]:
        wrong.append(f"{MODEL}/generation_config.json is another than in contract.json")
    if "tokenizer_sha256" in said and file_digest(folder / TOKENIZER) != said["tokenizer_sha256"]:
        wrong.append(f"{MODEL}/{TOKENIZER} is not the tokenizer it was trained with")
    wrong += _special_tokens(folder, said)
    if wrong:
        raise ProofError("; ".join(wrong))
    return f"template, {len(said['stop_ids'])} stop tokens, generation settings and tokenizer as in training"


def _special_tokens(folder: Path, said: dict[str, Any]) -> list[str]:
    """Return which special tokens have another id in the tokenizer than the contract says."""
    from tokenizers import Tokenizer

    path = folder / TOKENIZER
    if not path.is_file():
        raise UncheckedError(
            f"{MODEL}/{TOKENIZER} is not there: its special tokens cannot be looked up without loading it"
        )
    tokenizer = Tokenizer.from_file(str(path))
    pairs = list(zip(said["stop_tokens"], said["stop_ids"], strict=True))
    pairs += [(said[f"{what}_token"], said[f"{what}_id"]) for what in ("eos", "pad") if f"{what}_id" in said]
    return [
        f"token {token} has the id {tokenizer.token_to_id(token)}, not {one}"
        for token, one in dict.fromkeys(pairs)
        if token is not None and tokenizer.token_to_id(token) != one
    ]
