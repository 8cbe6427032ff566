"""Train, validation and test, with nothing crossing.

Takes:    the mixed records, and held-out records from their own ingest if there are any.
Gives:    `train.jsonl`, `validation.jsonl`, `test.jsonl`, `heldout.jsonl` (empty where there is none), `summary.json`
          (rows by split and stratum, shares asked for and met, groups, cuts in time, training rows removed as leaks).
Promises: duplicates, rows that ask the same and rows that share a value of a named field lie in one split, through
          chains too; the same records and parameters give the same splits, in whatever order they come; no general row
          is in the test; every row accounted for. At random: shares kept within each stratum as near as the groups
          allow. By hash: a row that was in the test never trains as data grow (`tasks.splitting.frozen` says how far).
          By time: every group that trains is older than the cuts. Training rows that the search finds near a row of
          another split are removed; the proof across all splits is another stage's.
Refuses:  field names that no record has, rows without a readable time unless they shall train, rare strata where that
          is asked for, an empty training, validation or test split.
"""
