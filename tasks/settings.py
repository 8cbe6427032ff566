"""Where this installation keeps its files and which paths it may read, from environment variables.

`FINETUNE_FLOWS_HOME`         artefacts, releases, locks and logs; default: `var/` beside the project's sources.
`FINETUNE_FLOWS_INPUT_ROOTS`  more folders that data and models may be read from, separated like PATH; the project's
                              folder and the home above always may.
`FINETUNE_FLOWS_REMOTE_ROOTS` URL prefixes that data may be fetched from, separated by spaces, for example
                              `s3://team-data/mails hf://datasets/openai/gsm8k`; empty by default: nothing is fetched.
`FINETUNE_FLOWS_JUDGE_ROOTS`  URL prefixes of servers that a judge may be asked at, separated by spaces; this machine
                              always may. Prompts, answers and references are sent there.
"""

import ipaddress
import os
from pathlib import Path
from urllib.parse import urlsplit

from tasks.errors import ConfigError

PROJECT_ROOT = Path(__file__).resolve().parents[1]


def home() -> Path:
    """Return the folder everything is written under (created by whoever writes first)."""
    return Path(os.environ.get("FINETUNE_FLOWS_HOME") or PROJECT_ROOT / "var").resolve()


def input_roots() -> list[Path]:
    """Return the folders that parameters may name files in."""
    configured = os.environ.get("FINETUNE_FLOWS_INPUT_ROOTS")
    more = [Path(part).resolve() for part in (configured or "").split(os.pathsep) if part]
    return [PROJECT_ROOT, home(), *more]


def confine(path: str | Path) -> Path:
    """Resolve a path named in a parameter and refuse it outside the allowed folders.

    Args:
        path: Absolute, or relative to the project's folder. Links are followed before the check.

    Raises:
        ConfigError: The path leads outside every allowed folder.
    """
    resolved = (PROJECT_ROOT / Path(path).expanduser()).resolve()
    roots = input_roots()
    if not any(resolved.is_relative_to(root) for root in roots):
        allowed = ", ".join(str(root) for root in roots)
        raise ConfigError(
            f"{resolved} lies outside the allowed folders ({allowed}). Move the file there, or add its folder to "
            "FINETUNE_FLOWS_INPUT_ROOTS and start the worker again."
        )
    return resolved


def remote_roots() -> list[str]:
    """Return the URL prefixes that parameters may name data below; none unless somebody said so."""
    return [root.rstrip("/") for root in os.environ.get("FINETUNE_FLOWS_REMOTE_ROOTS", "").split()]


def confine_url(url: str) -> None:
    """Refuse a URL outside the allowed prefixes.

    Args:
        url: Without wildcards. A prefix ends where a name ends: `s3://team` allows nothing in `s3://team-private`.

    Raises:
        ConfigError: The URL is below no allowed prefix.
    """
    # Behind the name of a dataset on the hub come its revision and its split.
    ends = "/@#" if url.startswith("hf://") else "/"
    roots = remote_roots()
    if any(url == root or (url.startswith(root) and url[len(root)] in ends) for root in roots):
        return
    allowed = f"only {', '.join(roots)} may be read" if roots else "nothing is fetched unless it is allowed"
    raise ConfigError(
        f"{url} may not be read from here: {allowed}. If these data may come to this machine, add the prefix to "
        "FINETUNE_FLOWS_REMOTE_ROOTS (separated by spaces) and start the worker again."
    )


def judge_roots() -> list[str]:
    """Return the URL prefixes below which data may be sent to be judged; none unless somebody said so."""
    return [root.rstrip("/") for root in os.environ.get("FINETUNE_FLOWS_JUDGE_ROOTS", "").split()]


def confine_judge(url: str) -> None:
    """Refuse to send data to a server that nobody allowed.

    Args:
        url: The base URL of a server; `http` or `https`, without a user or a query.

    Raises:
        ConfigError: It is no such URL, or names another machine and lies below no allowed prefix.
    """
    parts = urlsplit(url)
    if (
        parts.scheme not in {"http", "https"}
        or not parts.hostname
        or "@" in parts.netloc
        or parts.query
        or parts.fragment
    ):
        raise ConfigError(f"{url} is no base URL of a server: write one such as http://127.0.0.1:8000/v1.")
    if is_this_machine(parts.hostname):
        return
    # Dots would climb out of a prefix behind the check.
    climbs = ".." in parts.path.split("/") or "%" in parts.path
    bare = url.rstrip("/")
    if not climbs and any(bare == root or bare.startswith(f"{root}/") for root in judge_roots()):
        return
    raise ConfigError(
        f"{url} is another machine: prompts, answers and references would be sent there. If they may leave this "
        "machine, "
        "add the URL to FINETUNE_FLOWS_JUDGE_ROOTS (separated by spaces) and start the worker again."
    )


def is_this_machine(host: str) -> bool:
    """Return whether a host is this machine's own address: localhost, 127.0.0.0/8 or ::1."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
