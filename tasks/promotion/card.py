"""Run card of promotion."""

from tasks.promotion.pointer import history
from tasks.promotion.registry import Release, pointed, read_release
from tasks.store.cards import table


def card(release: Release) -> str:
    """Return the card: where the release lies, what serves now, how to serve it and how to go back."""
    said = read_release(release.name, release.version)
    proof, parity = said["proof"], said["parity"]
    rows = [
        ["release", f"{release.name} {release.version}, made {said['created']}"],
        ["champion", pointed(release.name) or "none"],
        ["verdict", said["verdict"]["outcome"]],
        ["parity", "passed" if parity and parity["passed"] else "not measured"],
        ["server", f"answered by {proof['server']}" if proof["proven"] else f"not proven on a server: {proof['why']}"],
        ["size", f"{sum(entry['bytes'] for entry in said['files'].values()) / 1e6:.1f} MB"],
    ]
    moves = [
        [line["time"], line["action"], line["from"] or "", line["to"], line["reason"]] for line in history(release.name)
    ]
    parts = [
        f"# promotion\n\n`{release.path}` ({'made in this run' if release.made_now else 'made by an earlier run'})\n",
        table(["what", "value"], rows),
        f"Serve it:\n\n```\nbash {release.path}/serve.sh\n```\n",
        "Go back to the champion before it:\n\n"
        f"```\nfinetune-flows run rollback_model --set name={release.name}\n```\n",
        "## Moves of the champion\n\n" + table(["time", "action", "from", "to", "reason"], moves[-10:]),
    ]
    return "\n".join(parts)
