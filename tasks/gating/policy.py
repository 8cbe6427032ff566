"""The policy: margins that a person wrote into a file, and what holds where it says nothing."""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pydantic import Field, ValidationError, model_validator

from tasks.errors import ConfigError
from tasks.gating.params import GatingParams
from tasks.settings import PROJECT_ROOT, confine
from tasks.store.params import Params

LARGEST_BYTES = 1_000_000


class Rule(Params):
    """What one comparison must show.

    Attributes:
        max_drop: The largest drop that is allowed, a share.
        min_gain: The smallest gain that is wanted, a share; instead of `max_drop`.
        must_prove: True: passing needs the whole interval on the right side of the margin. False: the comparison fails
            only when the wrong side is proven.
    """

    max_drop: float | None = Field(default=None, ge=0, le=1)
    min_gain: float | None = Field(default=None, ge=-1, le=1)
    must_prove: bool | None = None

    @model_validator(mode="after")
    def _one_margin(self) -> Self:
        if self.max_drop is not None and self.min_gain is not None:
            raise ValueError("a rule has max_drop or min_gain, not both")
        return self


class Policy(Params):
    """A policy file."""

    task: Rule = Rule()
    metrics: dict[str, Rule] = Field(default={})
    fields: dict[str, Rule] = Field(default={})
    general: Rule = Rule()
    general_tasks: dict[str, Rule] = Field(default={})
    guardrails: dict[str, Rule] = Field(default={})
    champion: Rule = Rule()


@dataclass(frozen=True)
class PolicyFile:
    """A policy as it was read: file name, sha256 of its bytes, its text and its content."""

    file: str
    sha256: str
    text: str
    policy: Policy


def read_policy(name: str) -> PolicyFile | None:
    """Read a policy file; None when none is named.

    Raises:
        ConfigError: It is not there, outside the allowed folders, no YAML, or says what no rule is.
    """
    if not name:
        return None
    path = confine(name)
    if not path.is_file() or path.stat().st_size > LARGEST_BYTES:
        raise ConfigError(
            f"gating.policy: {path} is no file of at most {LARGEST_BYTES} bytes (relative names start at "
            f"{PROJECT_ROOT})"
        )
    content = path.read_bytes()
    try:
        text = content.decode()
        policy = Policy.model_validate(_parsed(text, path))
    except UnicodeDecodeError as error:
        raise ConfigError(f"gating.policy: {path} is not UTF-8: {error}") from error
    except ValidationError as error:
        said = "\n".join(f"- {'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        raise ConfigError(
            f"gating.policy: {path} says what the gate does not understand:\n{said}\nKnown parts: "
            f"{', '.join(Policy.model_fields)}; in a rule: {', '.join(Rule.model_fields)}."
        ) from error
    return PolicyFile(path.name, hashlib.sha256(content).hexdigest(), text, policy)


def _parsed(text: str, path: Path) -> object:
    import yaml

    try:
        return yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        raise ConfigError(f"gating.policy: {path} is no YAML: {error}") from error


def check_names(found: PolicyFile | None, known: Mapping[str, Collection[str]]) -> None:
    """Refuse rules for what is not measured: a misspelt name would leave its subject unguarded.

    Args:
        found: The policy.
        known: Names for `metrics`, `fields`, `general_tasks`, `guardrails`; a part that is missing here is not checked.

    Raises:
        ConfigError: Unknown names, with the known ones.
    """
    if found is None:
        return
    problems = []
    for part, names in known.items():
        if unknown := sorted(set(getattr(found.policy, part)) - set(names)):
            listed = ", ".join(sorted(names)) or "none"
            problems.append(f"{part}: {', '.join(unknown)} is not measured. Known: {listed}")
    if problems:
        raise ConfigError(f"gating.policy: {found.file} has rules for what is not there:\n" + "\n".join(problems))


@dataclass(frozen=True)
class Bound:
    """The margin that holds for one comparison, and whether passing needs it proven."""

    margin: float
    must_prove: bool


class Bounds:
    """The margins of a verdict: the policy's, and the parameters' where it says nothing."""

    def __init__(self, params: GatingParams, found: PolicyFile | None) -> None:
        self.policy = found.policy if found else Policy()
        self.params = params

    def task(self) -> Bound:
        """Return the bound of the first metric."""
        return _bound(self.policy.task, self.params.min_task_gain, must_prove=True)

    def metric(self, name: str) -> Bound:
        """Return the bound of a further metric."""
        return _bound(self.policy.metrics.get(name), -self.params.max_metric_drop, must_prove=True)

    def field(self, name: str) -> Bound:
        """Return the bound of a field of the task."""
        return _bound(self.policy.fields.get(name), -self.params.max_metric_drop, must_prove=False)

    def general(self) -> Bound:
        """Return the bound of general ability as a whole."""
        return _bound(self.policy.general, -self.params.max_general_drop, must_prove=True)

    def general_task(self, name: str) -> Bound:
        """Return the bound of a single general task; a margin for the whole holds for each."""
        return _bound(self.policy.general_tasks.get(name), self.general().margin, must_prove=False)

    def guardrail(self, kind: str) -> Bound:
        """Return the bound of a kind of guardrail probe."""
        return _bound(self.policy.guardrails.get(kind), -self.params.max_guardrail_drop, must_prove=False)

    def champion(self) -> Bound:
        """Return the bound of comparisons with the champion."""
        return _bound(self.policy.champion, -self.params.max_champion_drop, must_prove=True)


def _bound(rule: Rule | None, margin: float, *, must_prove: bool) -> Bound:
    if rule is not None:
        margin = -rule.max_drop if rule.max_drop is not None else margin if rule.min_gain is None else rule.min_gain
        must_prove = must_prove if rule.must_prove is None else rule.must_prove
    return Bound(margin, must_prove)
