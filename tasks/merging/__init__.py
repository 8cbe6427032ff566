"""The adapter merged into the 16-bit base, and proven to be the model that was trained.

Takes:    the base model, a training artefact with a LoRA adapter, the splits (probe prompts come from them).
Gives:    `model/` (safetensors, config, tokenizer, chat template, generation_config) and `parity.json`.
Promises: W + scaling * B @ A in float32, rounded once to the base's dtype, every other tensor bit for bit the base's;
          the model read back from disk answers as base + adapter do, within thresholds; the merge changed something;
          the distance to the quantised base that QLoRA trained on is measured and shown.
Refuses:  adapters it cannot merge exactly (DoRA, modules_to_save, biases, embeddings, methods other than LoRA), and a
          merged model that misses a threshold: `ProofError` with all figures.
"""
