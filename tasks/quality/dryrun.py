"""The report from raw files, in seconds: reading, screening, duplicates and quality in a temporary folder.

What a run would do with its rows is known before it starts. Paraphrases are not searched (they need a model), nothing
is written to the store, and no server is needed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tasks.dedup.near import Pair
from tasks.dedup.params import DedupParams
from tasks.dedup.passes import deduplicate
from tasks.errors import DataError
from tasks.ingest.budget import problem_with as reading_problem
from tasks.ingest.collect import collect
from tasks.ingest.params import IngestParams
from tasks.ingest.sources import find_sources
from tasks.quality.assess import assess_folders
from tasks.quality.findings import Severity
from tasks.quality.page import markdown
from tasks.quality.params import QualityParams
from tasks.quality.schema import schema_bytes, schema_check
from tasks.screening.files import screen_file
from tasks.screening.params import ScreeningParams
from tasks.store.keys import digest_of
from tasks.store.records import Row, read_rows, write_json, write_rows


@dataclass(frozen=True)
class DryRun:
    """What a run would find.

    Attributes:
        text: The report as markdown.
        severity: The most serious finding: a run would stop at `stop`.
    """

    text: str
    severity: Severity


def dry_run(
    files: Sequence[str],
    reading: IngestParams,
    screening: ScreeningParams,
    duplicates: DedupParams,
    quality: QualityParams,
    folder: Path | None = None,
) -> DryRun:
    """Read, screen, deduplicate and judge files.

    Args:
        files: Names of files, globs and folders, as a run takes them.
        reading: Parameters of ingest.
        screening: Parameters of screening.
        duplicates: Parameters of dedup; paraphrases are left out.
        quality: Parameters of quality.
        folder: Where the stages' files are left for a look; None for a temporary folder that goes away.

    Raises:
        ConfigError: Files or parameters that cannot be used.
        DataError: Files that cannot be read, or no row left by a stage.
    """
    schema = schema_check(schema_bytes(quality.schema_file)) if quality.schema_file else None
    sources = find_sources(files)
    with TemporaryDirectory(prefix="dry-run-") as temporary:
        root = folder or Path(temporary)
        read, screened, unique = (root / name for name in ("ingest", "screening", "dedup"))
        for path in (read, screened, unique):
            path.mkdir(parents=True, exist_ok=True)
        tally = collect(sources, reading, "task", read)
        if not tally.counts["kept"]:
            raise DataError(reading_problem(tally, reading, read / "quarantine.jsonl"))
        too_many = reading_problem(tally, reading, read / "quarantine.jsonl")
        screen_file(read / "records.jsonl", screened, screening, digest_of([source.digest for source in sources]))
        found = deduplicate(
            list(read_rows(screened / "records.jsonl")), duplicates.model_copy(update={"embedding": False}), _no_model
        )
        write_rows(unique / "records.jsonl", found.records)
        write_rows(unique / "conflicts.jsonl", found.conflicts)
        write_json(unique / "summary.json", found.summary)
        report = assess_folders(read, screened, unique, quality, schema).report()
    text = markdown(report)
    if duplicates.embedding:
        text += "\nParaphrases were not searched: a run with dedup.embedding can remove more rows.\n"
    if too_many:
        return DryRun(f"{text}\n## Reading would stop the run\n\n{too_many}\n", "stop")
    return DryRun(text, report["severity"])


def _no_model(_texts: list[str], _labels: list[str]) -> tuple[list[Pair], Row]:
    raise AssertionError("a dry run embeds nothing")
