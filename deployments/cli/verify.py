"""The command `verify`: a release checked again, one line for each check."""

import json
from dataclasses import asdict
from pathlib import Path

from tasks.promotion.verification import Line, locate, passed, verify_release


def verify_text(what: str, public_key: Path | None, *, strict: bool, as_json: bool) -> tuple[str, bool]:
    """Check a release; return what to print and whether it may be trusted.

    Args:
        what: A directory, `NAME`, or `NAME/vN`.
        public_key: PEM file of the key that must have signed it.
        strict: What could not be checked counts as failed.
        as_json: Print one JSON object instead of lines.

    Raises:
        ConfigError: There is no such release, or the key cannot be read.
    """
    folder = locate(what)
    lines = verify_release(folder, public_key)
    good = passed(lines, strict=strict)
    if as_json:
        found = {"release": str(folder), "passed": good, "checks": [asdict(line) for line in lines]}
        return json.dumps(found, indent=1, ensure_ascii=False), good
    return "\n".join([str(folder), *map(_shown, lines), "", _closing(lines, good)]), good


def _shown(line: Line) -> str:
    return f"{line.result:<12} {line.check:<18} {line.found}"


def _closing(lines: list[Line], good: bool) -> str:
    counts = {result: sum(line.result == result for line in lines) for result in ("ok", "FAILED", "not checked")}
    told = ", ".join(f"{count} {result}" for result, count in counts.items() if count)
    return f"{'VERIFIED' if good else 'NOT VERIFIED'}: {told}"
