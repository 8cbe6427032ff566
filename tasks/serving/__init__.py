"""A directory that a server loads, and the proof that a real server answers as the merged model does.

Takes:    a merged model, the base and training it was made of, and the splits (probe prompts come from them).
Gives:    `model/`, `serve.sh`, `vllm.yaml`, `contract.json` (template hash, special and stop ids, token hashes of the
          probes in training, in the reloaded tokenizer and on the server), `proof.json`, `notes/smoke.json` (speed);
          by parameter `lora/` (the base with the adapter beside it), `awq/`, `gguf/`, `transformers/`, `triton/`.
Promises: when a vLLM environment is there, the very `serve.sh` of the directory is started, tokenizes the probes as
          training did, answers them as transformers does, one by one and many at once, and leaves no process behind;
          when there is none, the proof says `proven: false`; installing one later proves the same model again.
Refuses:  a server that answers something else: `ProofError` with what was expected and what came.
"""
