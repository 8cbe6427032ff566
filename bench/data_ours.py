"""The data stages on a folder, in one process, without a server: `python -m bench.data_ours RAW OUT screening|none`."""

import os
import sys
from pathlib import Path


def main(raw: Path, out: Path, *, screening: bool) -> None:
    """Read, screen where asked, and deduplicate; each stage checks that it accounts for every row."""
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
    read = out / "ingest" / "records.jsonl"
    if screening:
        screen_file(read, out / "screening", ScreeningParams(), salt="bench")
        read = out / "screening" / "records.jsonl"
    params = DedupParams(embedding=False, same_answer=False)
    found = deduplicate(list(read_rows(read)), params, lambda *_: ([], {}))
    write_rows(out / "dedup" / "records.jsonl", found.records)
    write_rows(out / "dedup" / "groups.jsonl", found.groups)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), screening=sys.argv[3] == "screening")
