"""This project's data stages on a folder, in one process and without a server: `python -m bench.data_ours RAW OUT`."""

import os
import sys
from pathlib import Path


def main(raw: Path, out: Path) -> None:
    """Read, screen and deduplicate; each stage checks that it accounts for every row."""
    os.environ["FINETUNE_FLOWS_INPUT_ROOTS"] = str(raw)
    os.environ.setdefault("FINETUNE_FLOWS_HOME", str(out / "home"))
    from tasks.dedup.params import DedupParams
    from tasks.dedup.passes import deduplicate
    from tasks.ingest.collect import collect
    from tasks.ingest.params import IngestParams
    from tasks.ingest.sources import find_sources
    from tasks.screening.files import screen_file
    from tasks.screening.params import ScreeningParams
    from tasks.store.records import read_rows, write_rows

    for name in ("ingest", "screening", "dedup"):
        (out / name).mkdir()
    collect(find_sources([str(raw)]), IngestParams(), "task", out / "ingest")
    screen_file(out / "ingest" / "records.jsonl", out / "screening", ScreeningParams(), salt="bench")
    params = DedupParams(embedding=False, same_answer=False)
    found = deduplicate(list(read_rows(out / "screening" / "records.jsonl")), params, lambda *_: ([], {}))
    write_rows(out / "dedup" / "records.jsonl", found.records)
    write_rows(out / "dedup" / "groups.jsonl", found.groups)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
