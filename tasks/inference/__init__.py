"""A model on a vLLM server of this machine, for as long as it is needed, and the client that asks it.

Takes:    a model folder and the server's settings, or a command that starts a server; prompts as messages or token ids.
Gives:    a running server on a free port of 127.0.0.1, and answers: text, token ids, log-probabilities.
Promises: whatever the server started ends with its caller, also when that is killed; no proxy stands between; nothing
          is fetched from a hub.
Refuses:  a server that ends before it is ready (`ProofError` with the end of its log), or is not ready in time
          (`ResourceError`).
"""
