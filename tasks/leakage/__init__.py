"""The proof that what is measured was not trained on.

Takes:    the splits, and the items of each benchmark that the gate reads: JSON Lines of `id`, `text` and, where there
          is one, `answer`; or the one line `{"not_checked": "why"}` where a benchmark's data cannot be had.
Gives:    `pairs.jsonl` (the closest pairs of each two splits by each method, and of training rows and items),
          `contaminated.jsonl` (each benchmark item that a training row repeats, with that row), `summary.json` (what
          was compared, the largest similarity, how many rows and items are over the limit). Ids only, never a text.
Promises: equal questions, shared groups (of duplicates, and of the fields that the splitting kept together) and
          near-duplicates (by exact Jaccard) are looked for in all rows of all splits; embeddings in a seeded sample
          whose size is said; n-grams are compared word by word, so no collision of hashes can accuse a row; what could
          not be judged is counted, never passed over.
Refuses:  training rows that repeat a row of another split, and contaminated benchmarks where that is asked for.
"""
