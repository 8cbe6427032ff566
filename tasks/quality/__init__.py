"""Whether the data are worth training on: one report, its findings linked to files and rows.

Takes:    the artefacts of ingest, screening and dedup for the task's rows.
Gives:    `report.json` (findings with severity, figures and tables), `issues.jsonl` (one line for each row or pair of
          rows that a finding speaks of), `report.md` (the same for a person).
Promises: each finding has a severity (ok, warn, stop), a figure, its limit and the rows it speaks of; of rows only
          places, keys, lengths and the names of classes are copied, never their texts; the same input gives the
          same report.
Refuses:  data with a finding of severity stop: too few rows always, the others where a limit below 1 says so. The
          report stays for whoever mends the data.

`tasks.quality.dryrun` makes the same report from raw files in seconds, without an artefact and without Prefect.
"""
