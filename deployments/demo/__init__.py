"""Demo data for the pipeline: shipping e-mails to JSON, general talk, and a small offline ability suite."""
