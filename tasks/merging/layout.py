"""What the merged model holds: each tensor, where it comes from, and what is done to it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tasks.errors import ConfigError
from tasks.merging.adapter import Adapter, Change
from tasks.merging.skeleton import Skeleton
from tasks.merging.tensors import FLOATS, Stored


@dataclass(frozen=True)
class Output:
    """One tensor of the merged model.

    Attributes:
        name: Its name.
        source: The base's tensor that it starts from.
        change: What the adapter does to it; None: nothing.
        transposed: Whether it belongs to a Conv1D layer.
        quantised: Whether it starts from what NF4 makes of the base's tensor.
    """

    name: str
    source: Stored
    change: Change | None = None
    transposed: bool = False
    quantised: bool = False


@dataclass(frozen=True)
class Layout:
    """The merged model's tensors.

    Attributes:
        outputs: In the base's order.
        untied: Whether the output layer has weights of its own now, which the base shares with its embeddings.
    """

    outputs: list[Output]
    untied: bool


def plan(
    base: Path, stored: Mapping[str, Stored], adapter: Adapter, skeleton: Skeleton, *, dequantised: bool
) -> Layout:
    """Decide what each tensor of the merged model is made of.

    Raises:
        ConfigError: The base lacks what the adapter changes, or a change is none that can be merged exactly.
    """
    names = _names(stored, adapter, skeleton)
    changes = dict(adapter.changes)
    untied, dropped, made = _untie(names, changes, adapter, skeleton)
    _check(base, stored, names, changes, adapter, skeleton, made)
    inverse = {names.get(parameter, parameter): parameter for parameter in changes if parameter not in made}
    outputs = []
    for name, where in stored.items():
        if name in dropped:
            continue
        parameter = inverse.get(name)
        outputs.append(_output(name, where, changes.get(parameter or ""), skeleton, dequantised))
    for parameter, source in made.items():
        outputs.append(_output(parameter, stored[source], changes.get(parameter), skeleton, dequantised))
    return Layout(outputs, untied)


def _output(name: str, where: Stored, change: Change | None, skeleton: Skeleton, dequantised: bool) -> Output:
    module = change.module if change else _module(name, skeleton)
    weight = name.endswith(".weight")
    return Output(
        name,
        where,
        change,
        transposed=weight and skeleton.kinds.get(module) == "transposed",
        # A tensor that is replaced was never held in 4 bits: PEFT copies the layer before it trains it.
        quantised=dequantised and weight and module in skeleton.quantised and not (change and change.whole_key),
    )


def _module(name: str, skeleton: Skeleton) -> str:
    module = name.rpartition(".")[0]
    if module in skeleton.kinds:
        return module
    return next((known for known in skeleton.kinds if known.partition(".")[2] == module), module)


def _names(stored: Mapping[str, Stored], adapter: Adapter, skeleton: Skeleton) -> dict[str, str]:
    """Return the stored name of each changed or tied parameter: its own, or without the first part of it.

    Models published without their output layer (gpt2 among them) lack the prefix that the whole model has.
    """
    wanted = [*adapter.changes, *adapter.copies, *skeleton.tied, *skeleton.tied.values()]
    found = {}
    for name in wanted:
        bare = name.partition(".")[2]
        if name in stored or bare in stored:
            found[name] = name if name in stored else bare
    return found


def _untie(
    names: dict[str, str], changes: dict[str, Change], adapter: Adapter, skeleton: Skeleton
) -> tuple[bool, set[str], dict[str, str]]:
    """Settle weights that the base shares and the adapter changes.

    PEFT adapts each of the two on its own: what was trained has two different weights unless both changes are equal.

    Returns:
        Whether they part; stored names that are left out; new parameters and the stored tensors they start from.
    """
    dropped: set[str] = set()
    made: dict[str, str] = {}
    untied = False
    for target, source in skeleton.tied.items():
        if target not in changes and source not in changes:
            continue
        if target != skeleton.output:
            raise ConfigError(
                f"the adapter changes '{source}', which the base shares with '{target}': only an output layer can be "
                "given weights of its own. Leave it out of the adapter's targets."
            )
        if target in changes and source in changes and _equal(changes[target], changes[source], adapter):
            del changes[target]
            if target in names:
                dropped.add(names[target])
            continue
        untied = True
        if target not in names and source in names:
            made[target] = names[source]
    return untied, dropped, made


def _equal(output: Change, embedding: Change, adapter: Adapter) -> bool:
    """Return whether both changes come to the same weights: `ensure_weight_tying` trains one for both."""
    import torch

    def same(left: str, right: str, *, turned: bool = False) -> bool:
        one, other = adapter.tensors[left].whole(), adapter.tensors[right].whole()
        return bool(torch.equal(one, other.T if turned else other))

    if output.whole_key and embedding.whole_key:
        return same(output.whole_key, embedding.whole_key)
    pairs = output.left_key and embedding.left_key and embedding.embedding
    if not pairs or output.magnitude_key or embedding.magnitude_key or output.scaling != embedding.scaling:
        return False
    return same(output.left_key, embedding.right_key, turned=True) and same(
        output.right_key, embedding.left_key, turned=True
    )


def _check(
    base: Path,
    stored: Mapping[str, Stored],
    names: Mapping[str, str],
    changes: Mapping[str, Change],
    adapter: Adapter,
    skeleton: Skeleton,
    made: Mapping[str, str],
) -> None:
    lost = [name for name in changes if name not in names and name not in made]
    if biases := [name for name in lost if changes[name].added_key]:
        raise ConfigError(
            f"the adapter adds a bias to {len(biases)} layers that have none (the first: '{biases[0]}'): the base's "
            "architecture has no place for it. Train without lora_bias."
        )
    if lost:
        raise ConfigError(
            f"the base model {base} has no tensor '{lost[0]}' ({len(lost)} of {len(changes)} that the adapter "
            "changes are missing): was the adapter trained on another base?"
        )
    for name, change in changes.items():
        where = stored[made.get(name) or names[name]]
        if where.dtype not in FLOATS:
            raise ConfigError(f"'{name}' of the base model is stored as {where.dtype}: name the 16-bit model as base")
        kind = skeleton.kinds.get(change.module, "")
        if change.left_key and (not kind or (kind == "embedding") != change.embedding):
            raise ConfigError(
                f"the adapter has a LoRA pair for '{change.module}', which is no linear layer or embedding"
            )
    _check_shapes(stored, names, changes, adapter, skeleton, made)


def _check_shapes(
    stored: Mapping[str, Stored],
    names: Mapping[str, str],
    changes: Mapping[str, Change],
    adapter: Adapter,
    skeleton: Skeleton,
    made: Mapping[str, str],
) -> None:
    """Hold the adapter's shapes to the base's, and the copies of the base's embeddings that PEFT stores to them."""
    import torch

    for name, change in changes.items():
        shape = stored[made.get(name) or names[name]].shape
        found = _shape(adapter, change, transposed=skeleton.kinds.get(change.module) == "transposed")
        if found != shape:
            raise ConfigError(
                f"the adapter's tensors for '{name}' make {list(found)}, the base model has {list(shape)}: was the "
                "adapter trained on another base, or with a vocabulary of another size?"
            )
    for name, key in adapter.copies.items():
        # An output layer without weights of its own is stored as a copy of the embeddings.
        where = stored.get(names.get(name, "")) or stored.get(names.get(skeleton.tied.get(name, ""), ""))
        if where is None or where.shape != adapter.tensors[key].shape:
            raise ConfigError(f"the adapter holds a '{name}' of another shape than the base model's: resized?")
        own = where.whole()
        if not torch.equal(adapter.tensors[key].whole().to(own.dtype), own):
            raise ConfigError(
                f"the adapter holds a '{name}' that differs from the base model's: it was trained on another base"
            )


def _shape(adapter: Adapter, change: Change, *, transposed: bool) -> tuple[int, ...]:
    if change.whole_key or change.added_key:
        return adapter.tensors[change.whole_key or change.added_key].shape
    outputs, inputs = adapter.tensors[change.right_key].shape[0], adapter.tensors[change.left_key].shape[1]
    return (inputs, outputs) if transposed or change.embedding else (outputs, inputs)
