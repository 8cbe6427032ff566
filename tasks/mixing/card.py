"""Run card of mixing."""

from pathlib import Path

from tasks.store.cards import table
from tasks.store.records import read_json
from tasks.store.refs import Manifest


def card(directory: Path, _manifest: Manifest) -> str:
    """Return the card: the shares by rows and characters, the sources, what was left out."""
    said = read_json(directory / "summary.json")
    shares = table(
        ["part", "rows", "share of rows", "characters", "share of characters"],
        [
            ["task", said["task"], 1 - said["share"], said["characters"]["task"], 1 - said["share_of_characters"]],
            ["general", said["general"], said["share"], said["characters"]["general"], said["share_of_characters"]],
        ],
    )
    left = said["general_left_out"]
    return (
        f"{shares}\nAsked for: {said['share_asked']:.1%} of the rows. Of {said['general_read']} general rows read, "
        f"{left['equal_to_task']} ask the same as a task row, {left['repeated']} repeat another one, and "
        f"{left['not_needed']} were not needed.\n\n" + table(["source", "rows"], said["sources"].items())
    )
