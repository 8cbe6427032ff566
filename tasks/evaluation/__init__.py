"""What a model can do: the task it is tuned for, what it could do before, and whether it still behaves.

Takes:    the splits, the base model, and an adapter or none (then the base is measured alone); the leakage proof, if
          its finding shall stand beside each benchmark.
Gives:    `task_items.jsonl`, `general_items.jsonl` and `guardrail_items.jsonl` with one line for each item, and
          `scores.json`; one artefact for each model, from the same items in the same order, so that two artefacts can
          be compared pair by pair.
Promises: task items are records no model was trained on; greedy answers, the same in a batch as alone; the adapter is
          on, in full or half precision, never quantised; base and tuned in the same engine under the same constraint;
          memory bounded by items, tokens and logits; log-likelihoods of each choice, so that an adapter that does
          nothing shows; the bundled suite needs no network; code that a model writes runs only where that is asked for.
Refuses:  an adapter that changes no layer, is not found whole, or that vLLM cannot serve where vLLM shall answer;
          unknown harness tasks, an empty task set, metrics that score no item, schemas that answers cannot be held to.
"""
