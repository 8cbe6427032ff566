"""A model folder as one GGUF file for llama.cpp, in the type it is stored in."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tasks.errors import ConfigError
from tasks.merging.asking import stops_of
from tasks.serving.directory import read_config
from tasks.serving.targets.gguf_vocabulary import read_vocabulary

# llama.cpp's architecture, and whether it wants the rows of q and k in pairs of the rotation's halves.
ARCHITECTURES = {"LlamaForCausalLM": ("llama", True), "Qwen2ForCausalLM": ("qwen2", False)}
_FILE_TYPES = {"F32": "ALL_F32", "F16": "MOSTLY_F16", "BF16": "MOSTLY_BF16"}


def problems(config: dict[str, Any]) -> list[str]:
    """Return every reason why a model's `config.json` cannot be written as GGUF."""
    found = []
    names = config.get("architectures") or ["none"]
    if names[0] not in ARCHITECTURES:
        found.append(f"its architecture is {names[0]}, and the GGUF target knows {', '.join(ARCHITECTURES)}")
    rope = config.get("rope_parameters") or config.get("rope_scaling") or {}
    if (kind := rope.get("rope_type", rope.get("type", "default"))) != "default":
        found.append(f"its rotary positions are scaled ({kind})")
    found += [f"it has {name}" for name in ("attention_bias", "mlp_bias", "use_sliding_window") if config.get(name)]
    return found


def write_weights(model: Path, path: Path, name: str, tokenizer: Any) -> None:
    """Write a model folder's weights, shape and tokenizer into one GGUF file, a tensor at a time.

    Args:
        model: The model folder.
        path: The file.
        name: The model's name.
        tokenizer: Read from the folder, with its chat template.

    Raises:
        ConfigError: The architecture or tokenizer has no GGUF form here.
    """
    import gguf

    config = read_config(model)
    if found := problems(config):
        raise ConfigError(f"no GGUF file of this model: {'; '.join(found)}. Leave gguf out of serving.targets")
    architecture, paired = ARCHITECTURES[config["architectures"][0]]
    writer = gguf.GGUFWriter(path, architecture)
    heads, kv_heads = _shape(writer, config, name)
    _tokenizer(writer, model, config["vocab_size"], tokenizer)
    code = next(code for code, arch in gguf.MODEL_ARCH_NAMES.items() if arch == architecture)
    names = gguf.get_tensor_name_map(code, config["num_hidden_layers"])
    with ExitStack() as stack:
        tensors = list(_tensors(model, stack))
        kinds = {str(file.get_slice(key).get_dtype()) for file, key in tensors}
        writer.add_file_type(getattr(gguf.LlamaFileType, _FILE_TYPES[next(iter(kinds & set(_FILE_TYPES)), "F32")]))
        for file, key in tensors:
            found_name = names.get_name(key, try_suffixes=(".weight", ".bias"))
            if found_name is None:
                raise ConfigError(f"llama.cpp has no name for the tensor {key}: leave gguf out of serving.targets")
            data, raw = _raw(file.get_tensor(key))
            writer.add_tensor_info(found_name, data.shape, data.dtype, data.nbytes, raw)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        for file, key in tensors:
            tensor = file.get_tensor(key)
            if paired and ".q_proj." in key:
                tensor = _pairs(tensor, heads)
            elif paired and ".k_proj." in key:
                tensor = _pairs(tensor, kv_heads)
            writer.write_tensor_data(_raw(tensor)[0])
    writer.close()


def _tensors(model: Path, stack: ExitStack) -> Iterator[tuple[Any, str]]:
    from safetensors import safe_open

    for path in sorted(model.glob("*.safetensors")):
        file = stack.enter_context(safe_open(path, framework="pt"))
        yield from ((file, key) for key in file.keys())  # noqa: SIM118 (a safetensors file is no mapping)


def _raw(tensor: Any) -> tuple[Any, Any]:
    """Return a tensor as numpy and its GGUF type; llama.cpp wants vectors in float32, and numpy has no bfloat16."""
    import gguf
    import torch

    if tensor.dim() == 1 or tensor.dtype == torch.float32:
        return tensor.float().numpy(), gguf.GGMLQuantizationType.F32
    if tensor.dtype == torch.bfloat16:
        return tensor.contiguous().view(torch.uint8).numpy(), gguf.GGMLQuantizationType.BF16
    if tensor.dtype == torch.float16:
        return tensor.contiguous().numpy(), gguf.GGMLQuantizationType.F16
    raise ConfigError(f"the GGUF target knows float32, float16 and bfloat16, not {tensor.dtype}")


def _pairs(tensor: Any, heads: int) -> Any:
    """Return a projection's rows reordered: each head's two halves interleaved, as llama.cpp rotates them."""
    return (
        tensor.reshape(heads, 2, tensor.shape[0] // heads // 2, *tensor.shape[1:]).swapaxes(1, 2).reshape(tensor.shape)
    )


def _shape(writer: Any, config: dict[str, Any], name: str) -> tuple[int, int]:
    heads = config["num_attention_heads"]
    kv_heads = config.get("num_key_value_heads") or heads
    head = config.get("head_dim") or config["hidden_size"] // heads
    rope = config.get("rope_parameters") or {}
    writer.add_name(name)
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(heads)
    writer.add_head_count_kv(kv_heads)
    writer.add_key_length(head)
    writer.add_value_length(head)
    writer.add_rope_dimension_count(head)
    writer.add_rope_freq_base(float(rope.get("rope_theta") or config.get("rope_theta") or 10000.0))
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_vocab_size(config["vocab_size"])
    return heads, kv_heads


def _tokenizer(writer: Any, model: Path, size: int, tokenizer: Any) -> None:
    vocabulary = read_vocabulary(model, size)
    generation = read_config(model, "generation_config.json")
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(vocabulary.pre)
    writer.add_token_list(vocabulary.tokens)
    writer.add_token_types(vocabulary.types)
    writer.add_token_merges(vocabulary.merges)
    # The template writes the start token itself, if the model has one.
    writer.add_add_bos_token(False)
    writer.add_add_space_prefix(False)
    end = stops_of(generation["eos_token_id"], tokenizer)[0]
    writer.add_eos_token_id(end)
    writer.add_eot_token_id(end)
    writer.add_pad_token_id(generation["pad_token_id"])
    for add, token in (
        (writer.add_bos_token_id, tokenizer.bos_token_id),
        (writer.add_unk_token_id, tokenizer.unk_token_id),
    ):
        if token is not None:
            add(token)
    writer.add_chat_template(tokenizer.chat_template)
