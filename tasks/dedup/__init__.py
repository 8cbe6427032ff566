"""Duplicates out, their groups kept; contradictions out and listed.

Takes:    the records of ingest.
Gives:    `records.jsonl` (one record of each group, with `group`), `groups.jsonl` (what each kept record stands for, by
          which method and how similar), `conflicts.jsonl` (equal prompts with different answers), `summary.json`.
Promises: read = unique + duplicates + conflicts dropped, checked; the first record in file order is the one kept; near
          duplicates are verified by exact Jaccard; rows with different answers are no duplicates unless asked for;
          a text longer than the embedding model can read is never judged by its beginning.
Refuses:  embedding weights that are not safetensors, folders outside the allowed roots.

`tasks.dedup.near` is the near-duplicate search for other rooms: `near_pairs` in one list, `cross_pairs` between two.
"""
