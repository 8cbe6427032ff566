"""From raw files to one schema of records; what cannot be used is kept aside with its reason.

Takes:    names of files, globs and folders (.jsonl, .json, .csv, .parquet; the text ones also as .gz and .zst), and
          where their rows come from (task, heldout, general).
Gives:    `records.jsonl` in the order read, `quarantine.jsonl` (file, row, reason, detail, text_hash), `summary.json`.
Promises: each row is either a record or in quarantine, counted in the files written; a bad row never stops the next;
          texts are passed on as they are; row numbers are those a person sees; the text of a bad row is never copied.
          JSON Lines, CSV and Parquet are streamed; a JSON array is read whole.
Refuses:  paths outside the allowed folders, patterns that match nothing, files that cannot be parsed, files that change
          while they are read, more bad rows of one reason than its allowed share, nothing left to keep.
"""
