"""A share of general instruction data among the task's, against forgetting.

Takes:    the unique task records, and general records from their own ingest.
Gives:    `records.jsonl` (all task records in their order, then the chosen general ones, each with its source),
          `summary.json` (shares by rows and by characters, sources, what was left out and why).
Promises: the share asked for, to the nearest row; a choice that depends on the seed and the records' ids alone, not on
          their order; each general record accounted for: chosen, equal to a task row, a repeat, or not needed.
Refuses:  a share between 0 and 5 %, too few general records for the share, records of another origin.
"""
