"""The adapter merged into its base, and proven to be the model that was trained.

Takes:    the base model, a training artefact with a LoRA adapter, the splits (probe prompts come from them).
Gives:    `model/` (safetensors in files of a chosen size, config, tokenizer, chat template, generation_config) and
          `parity.json`.
Promises: each changed tensor computed in float32 and rounded once to the base's type, every other one bit for bit the
          base's; never more than some blocks of a tensor in memory (one tensor where NF4 or a norm over columns needs
          it); LoRA, rsLoRA, DoRA, layers and biases trained whole, Conv1D, embeddings, weights that part from the ones
          they are shared with; the model read back from disk answers as base + adapter do, within thresholds, and as
          well; the merge changed something, and a change that rounding swallows is warned of; the distance to the
          quantised base that QLoRA trained on is measured and shown, or closed by merging into that.
Refuses:  adapters it cannot merge exactly (methods other than LoRA, changes that depend on the text, starting points
          that change the base, a bias without a place), and a merged model that misses a threshold: `ProofError` with
          all figures.
"""
