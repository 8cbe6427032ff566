"""Many processes at once, and processes that die at any line: the pointer is never missing, the history never lies."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from tasks.promotion import build, pointer
from tasks.promotion.build import publish
from tasks.promotion.params import PromotionParams
from tasks.promotion.pointer import history, promote_release, rollback
from tasks.promotion.registry import RELEASE_FILE, folder_of, pointed, verify, versions
from tasks.settings import PROJECT_ROOT
from tasks.store.refs import Ref

MakeRun = Callable[..., dict[str, Ref]]
PARAMS = PromotionParams()
MOVES = 12
MOVERS = {"rollback", "settle", "move", "_write_down"}
PROCESSES = 4
WORK = f"""
import random, sys
from tasks.errors import ConfigError
from tasks.promotion.pointer import history, promote_release, rollback
draw = random.Random(int(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
for number in range({MOVES}):
    reason = f"{{sys.argv[1]}}-{{number}}"
    version = f"v{{draw.randint(1, 3)}}"
    act = draw.choice(["promote", "named", "back"])
    try:
        if act == "promote":
            promote_release("mails", version, reason)
        else:
            rollback("mails", version if act == "named" else "", reason)
    except ConfigError as error:
        assert "no earlier champion" in str(error), error
"""


def check_history() -> list[dict[str, Any]]:
    """Check that each move starts where the one before ended, and that the last one is what the pointer says."""
    moves = history("mails")
    ends = [None, *(line["to"] for line in moves)]
    assert [line["from"] for line in moves] == ends[:-1]
    assert moves[-1]["to"] == pointed("mails")
    return moves


def test_processes_that_promote_and_roll_back_at_once(make_run: MakeRun) -> None:
    for seed in "abc":
        publish("mails", make_run(seed), PARAMS)
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WORK, str(number)],
            cwd=PROJECT_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for number in range(PROCESSES)
    ]  # fmt: skip
    for worker in workers:
        assert worker.stdout
        assert worker.stdin
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        assert worker.stdin
        worker.stdin.write("\n")
        worker.stdin.flush()
    champion, looks, seen = folder_of("mails") / "champion" / RELEASE_FILE, 0, set()
    while any(worker.poll() is None for worker in workers):
        seen.add(json.loads(champion.read_bytes())["version"])
        looks += 1
    errors = [worker.communicate(timeout=60)[1] for worker in workers]
    assert [worker.returncode for worker in workers] == [0] * PROCESSES, errors
    assert looks > 50
    assert len(seen) > 1
    moves = check_history()
    reasons = [line["reason"] for line in moves[3:]]
    assert len(reasons) == len(set(reasons)), "no move is written down twice"
    assert len(reasons) > MOVES
    assert "found" not in {line["action"] for line in moves}
    assert not list(folder_of("mails").glob(".champion"))


def dies_at(line: int, files: set[str], names: set[str], act: Callable[[], object]) -> bool:
    """Run in a process that is killed before its n-th line in some functions; return whether it came that far.

    Args:
        line: Lines that still run.
        files: Files of the functions.
        names: Their names; empty for every function of the files.
        act: What runs.
    """
    child = os.fork()
    if child == 0:
        left = line

        def local(frame: FrameType, event: str, _arg: object) -> Any:
            nonlocal left
            if event == "line":
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                left -= 1
            return local

        def entering(frame: FrameType, _event: str, _arg: object) -> Any:
            code = frame.f_code
            return local if code.co_filename in files and (not names or code.co_name in names) else None

        sys.settrace(entering)
        act()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.waitstatus_to_exitcode(status) == 0
    return False


def test_a_rollback_killed_at_any_line_leaves_one_champion_and_a_true_history(make_run: MakeRun) -> None:
    for seed in "abc":
        publish("mails", make_run(seed), PARAMS)
    ends = set()
    for line in range(400):
        if not dies_at(line, {pointer.__file__}, MOVERS, lambda: rollback("mails", "v2", "killed")):
            break
        ends.add(pointed("mails"))
        assert (folder_of("mails") / "champion" / RELEASE_FILE).is_file()
        assert all({"time", "action", "from", "to"} <= set(move) for move in history("mails"))
        # Whoever comes next writes down what the dead process could not.
        promote_release("mails", "v3", "next")
        check_history()
    assert line > 15
    assert ends == {"v2", "v3"}


@pytest.mark.timeout(240)
def test_a_release_killed_at_any_line_is_whole_or_not_there(make_run: MakeRun) -> None:
    publish("mails", make_run("a"), PARAMS)
    stages = make_run("b")
    publish("warm", stages, PARAMS)
    step, line, kills = 7, 0, 0
    while dies_at(line, {build.__file__, pointer.__file__}, set(), lambda: publish("mails", stages, PARAMS)):
        kills += 1
        for version in versions("mails"):
            verify("mails", version)
        assert pointed("mails") in versions("mails")
        line += step
        if pointed("mails") != "v1":
            break
    assert kills > 10
    release = publish("mails", stages, PARAMS)
    assert (release.version, release.is_champion, versions("mails")) == ("v2", True, ["v1", "v2"])
    verify("mails", "v2")
    check_history()
    left = {path.name for path in folder_of("mails").iterdir()} - {".champion", "history.new"}
    assert left == {"v1", "v2", "champion", "history.jsonl"}


def test_moves_of_one_name_do_not_wait_for_another(make_run: MakeRun, home: Path) -> None:
    from tasks.promotion.registry import lock_of
    from tasks.store.locks import file_lock

    for name in ("mails", "others"):
        for seed in "ab":
            publish(name, make_run(seed), PARAMS)
    with file_lock(lock_of("others"), waiting_for="the test"):
        assert rollback("mails").version == "v1"
