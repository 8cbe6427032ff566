"""Prefect doors of promotion: release, point to a release, go back."""

from collections.abc import Callable, Mapping
from typing import Any

from prefect import task
from prefect.artifacts import create_markdown_artifact
from prefect.context import FlowRunContext

from tasks.promotion.build import check, publish, signer_of, source_of
from tasks.promotion.card import card
from tasks.promotion.params import PromotionParams
from tasks.promotion.pointer import promote_release as point_to
from tasks.promotion.pointer import rollback
from tasks.promotion.registry import Release, champion, describe, find_source, list_releases
from tasks.store.keys import KEY_LENGTH, digest_of
from tasks.store.refs import Ref

__all__ = ["champion", "list_releases", "promote", "promote_release", "rollback_champion"]


def promote(
    name: str, stages: Mapping[str, Ref], params: PromotionParams, approval: Mapping[str, Any] | None = None
) -> Release:
    """Make the stages of one run a release and its champion; an unchanged run finds its release and moves nothing.

    Args:
        name: The model's name.
        stages: References of the run's stages, by role.
        params: What may be released, and what the release says of itself.
        approval: What a person decided about the model, as JSON; None when nobody was asked.
    """
    check(stages, params)
    source, signer = source_of(stages, params), signer_of(params)
    known = find_source(name, source, signer)

    def promotion(name: str, stages: dict[str, Ref]) -> Release:
        return publish(name, stages, params, approval)

    about = digest_of({"source": source, "signer": signer})[:KEY_LENGTH]
    body = task(
        name="promotion",
        task_run_name=f"promotion: {name}",
        tags=["stage:promotion"],
        persist_result=True,
        result_serializer="json",
        cache_key_fn=lambda _context, _arguments: f"promotion-{name}-{about}",
        refresh_cache=known is None,
    )(promotion)
    made = body(name, dict(stages))
    # What the cache kept is from the day of the release: which version it is and whether it serves is asked now.
    version = known or made.version
    return _show(describe(name, version, made_now=known is None and made.made_now))


def promote_release(name: str, version: str, reason: str = "") -> Release:
    """Make an existing release the champion."""
    return _show(_move("promote", f"{name} {version}", lambda: point_to(name, version, reason)))


def rollback_champion(name: str, to: str = "", reason: str = "") -> Release:
    """Point back to the champion before this one, or to a named version."""
    return _show(_move("rollback", f"{name} to {to or 'the champion before'}", lambda: rollback(name, to, reason)))


def _move(action: str, label: str, move: Callable[[], Release]) -> Release:
    def body() -> Release:
        return move()

    decorate = task(name=action, task_run_name=f"{action}: {label}", tags=["stage:promotion"], persist_result=False)
    return decorate(body)()


def _show(release: Release) -> Release:
    if FlowRunContext.get() is not None:
        create_markdown_artifact(markdown=card(release), key="card-promotion", description="Run card of promotion")
    return release
