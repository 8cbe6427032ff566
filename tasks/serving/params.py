"""How the model is served and how that is proven."""

from typing import Literal

from pydantic import field_validator

from tasks.store.params import Params, positioned

Target = Literal["awq", "gguf", "transformers", "triton"]


class ServingParams(Params):
    """Parameters of the serving stage."""

    prove: Literal["auto", "require", "skip"] = positioned(
        "auto",
        0,
        "Prove on a real server",
        "auto: when a vLLM environment is installed (`make vllm`). require: stop without one. skip: never.",
    )
    model_name: str = positioned(
        "finetuned",
        1,
        "Served name",
        "The model's name in requests to the server.",
        pattern=r"^[A-Za-z0-9._/-]{1,100}$",
    )
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = positioned(
        "auto",
        2,
        "Computing type",
        "auto: float32, except for a vLLM built for GPUs, which computes in the model's own type. In float32 the "
        "answers equal transformers' to the letter; 16 bits tip near ties, and with them whole answers.",
    )
    max_model_len: int = positioned(
        2048,
        3,
        "Context (tokens)",
        "Prompt and answer together; at most what the model was made for.",
        ge=64,
        le=1048576,
    )
    enforce_eager: bool = positioned(
        True, 4, "No compilation", "Serve without torch.compile: answers take longer, the start is twice as quick."
    )
    probes: int = positioned(8, 5, "Probes (rows)", "How many held-out prompts the server is asked.", ge=1, le=256)
    max_new_tokens: int = positioned(
        48, 6, "Answer length (tokens)", "How long each probe's answer may be.", ge=1, le=4096
    )
    start_timeout_s: int = positioned(
        300, 7, "Time to start (s)", "How long the server may take until it says it is ready.", ge=10, le=7200
    )
    min_equal_share: float = positioned(
        0.75,
        8,
        "Equal answers (share)",
        "Share of probes whose text must be exactly that of transformers. In float32 all are; one near tie in a longer "
        "answer may tip either way in 16 bits, so a quarter may differ, but only at near ties (see below).",
        ge=0,
        le=1,
    )
    logprob_tolerance: float = positioned(
        0.25,
        9,
        "Log-probability tolerance (nats)",
        "How far the server's log-probability of a token may be off while both write the same, and how near a tie a "
        "first different token must be. Measured: float32 0.00002, bfloat16 0.11.",
        gt=0,
    )
    smoke_requests: int = positioned(
        50,
        10,
        "Requests at once (0: none)",
        "After the probes, so many are asked at the same time: each must be answered as before. Latency and throughput "
        "are noted.",
        ge=0,
        le=10_000,
    )
    lora: Literal["off", "prove"] = positioned(
        "off",
        11,
        "Adapter served beside its base",
        "prove: a second directory, lora/, has vLLM serve the base with the adapter (--enable-lora), proven with the "
        "same probes.",
    )
    targets: tuple[Target, ...] = positioned(
        (),
        12,
        "Other targets",
        "awq: 4-bit weights for vLLM, measured and proven live (after `make llmcompressor`). gguf: a file for "
        "llama.cpp, read back and compared. transformers: a server without vLLM, proven live. triton: a model "
        "repository for Triton's vLLM backend, its files checked.",
    )
    awq_rows: int = positioned(
        64, 13, "Calibration (rows)", "How many training rows the 4-bit weights are fitted to.", ge=1, le=4096
    )
    awq_max_kl: float = positioned(
        0.1,
        14,
        "Largest 4-bit distance (nats)",
        "How far the 4-bit model may be from the 16-bit one: mean KL divergence at the probes' positions.",
        gt=0,
    )

    @field_validator("targets")
    @classmethod
    def _no_target_twice(cls, value: tuple[Target, ...]) -> tuple[Target, ...]:
        if len(set(value)) < len(value):
            raise ValueError("names a target twice")
        return value
