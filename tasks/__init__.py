"""One room per stage, in the order the data flows; `task.py` is a room's only Prefect file."""
