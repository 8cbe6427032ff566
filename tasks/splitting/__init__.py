"""Train, validation and test, with nothing crossing.

Takes:    the mixed records, and held-out records from their own ingest if there are any.
Gives:    `train.jsonl`, `validation.jsonl`, `test.jsonl`, `heldout.jsonl` (empty where there is none), `summary.json`
          (rows of each split, strata, training rows removed as leaks, closest pairs across splits).
Promises: a duplicate group, and a group named by a field, lies in one split; shares kept within each stratum as near as
          the groups allow; the same records, seed and shares give the same splits, in whatever order they come; no
          training row asks the same or nearly the same as a row of another split; every row accounted for.
Refuses:  field names that no record has, an empty training or validation split.
"""
