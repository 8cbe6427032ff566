"""A share of general instruction data among the task's, against forgetting.

Takes:    the unique task records, general records from their own ingest, and the base model where tokens are counted.
Gives:    `records.jsonl` (all task records in their order, then the chosen general ones), `summary.json` (shares by
          rows and by characters, and by tokens where those decide; sources with weights and licences; what was left
          out and why). The manifest's facts hold the same with the files' digests and the tokens.
Promises: the share asked for, to the nearest row; sources by their weights, one that runs out made up for by the others
          and reported; no general row that asks the same as a task row or nearly so; a choice that depends on the seed
          and the records' ids alone, not on their order; each general record accounted for: chosen, equal to a task
          row, near one, a repeat, or not needed.
Refuses:  a share between 0 and 5 % or above 20 %, too little general data for the share, weights that do not fit the
          sources, records of another origin.
"""
