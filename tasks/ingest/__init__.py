"""From raw files to one schema of records; what cannot be used is kept aside with its reason.

Takes:    names of files, globs and folders (.jsonl, .json, .csv, .parquet; the text ones also as .gz and .zst), here or
          on `s3://`, `gs://`, `az://` and `hf://datasets/`, and where their rows come from (task, heldout, general).
          Rows as question and answer, chat (OpenAI's or ShareGPT's form, with tools), plain text, or preference.
Gives:    `records.jsonl` in the order read, `quarantine.jsonl` (file, row, reason, detail, text_hash), `summary.json`.
Promises: each row is either a record or in quarantine, counted in the files written; a bad row never stops the next;
          texts are passed on as they are; row numbers are those a person sees; the text of a bad row is never copied.
          Every format is streamed: memory does not grow with the file. A version of a remote file is fetched once, and
          its digest, not its name, decides what is reused.
Refuses:  paths outside the allowed folders and URLs outside the allowed prefixes (none, unless somebody allowed one),
          URLs with credentials in them, datasets not pinned to a commit, patterns that match nothing, files that cannot
          be parsed, files that change while they are read, more bad rows of one reason than its allowed share, nothing
          left to keep.
"""
