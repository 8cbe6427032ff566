"""What a model can do: the task it is tuned for, and what it could do before.

Takes:    the splits, the base model, and an adapter or none (then the base is measured alone).
Gives:    `task_items.jsonl` and `general_items.jsonl` with one line for each item, and `scores.json`; one artefact for
          each model, from the same items in the same order, so that two artefacts can be compared pair by pair.
Promises: task items are records no model was trained on; greedy answers; the whole answer counts, so a model that
          wraps right JSON in words scores nothing, as it would with a program that reads its answers; the adapter is
          on, in full or half precision, never quantised; the bundled suite needs no network.
Refuses:  an adapter that changes no layer or is not found whole, unknown harness tasks, an empty task set.
"""
