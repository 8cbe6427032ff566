"""Personal data, secrets and refusals: found, counted, and masked or put aside where told.

Takes:    the records of one ingest artefact (task, heldout or general).
Gives:    `records.jsonl` in the order read, `quarantine.jsonl` (file, row, reason, detail, text_hash), `findings.jsonl`
          (id, file, row, kind, where, length, hash), `summary.json`.
Promises: every text of a record is searched: all turns, tool calls, tool definitions, rejected turns, plain text and
          text fields; no value that was found is ever written to the files beside the records; a masked value has one
          placeholder within its record, in question and answer alike; a text that was JSON is JSON after masking; the
          same input gives the same bytes; read = kept + quarantined, checked. Nothing is sent anywhere: a secret is
          never tried out.
Refuses:  to end with no row left.

What is not found: names and postal addresses (they need a language model, and cannot be told from an extraction
task's own subject), numbers that are no texts (a JSON number in a field), passwords in running prose.
"""
