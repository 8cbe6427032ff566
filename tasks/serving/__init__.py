"""A directory that a server loads, and the proof that a real server answers as the merged model does.

Takes:    a merged model and the splits (probe prompts come from them).
Gives:    `model/`, `serve.sh`, `vllm.yaml`, `contract.json` (template hash, stop and pad ids, token hashes of the
          probes) and `proof.json`.
Promises: when a vLLM environment is there, the very `serve.sh` of the directory is started, tokenizes the probes as
          training did, answers them as transformers does, and leaves no process behind; when there is none, the proof
          says `proven: false`; installing one later proves the same model again.
Refuses:  a server that answers something else: `ProofError` with what was expected and what came.
"""
