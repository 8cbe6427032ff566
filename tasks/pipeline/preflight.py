"""What can be known to fail before anything is paid for."""

from collections.abc import Callable, Sequence
from functools import partial

from tasks.base.params import BaseParams
from tasks.base.resolve import locate
from tasks.errors import ConfigError
from tasks.ingest.sources import find_sources
from tasks.mixing.params import MixingParams
from tasks.promotion.params import PromotionParams
from tasks.rendering.params import RenderingParams
from tasks.rendering.templates import load_template
from tasks.runtime.remote import Where
from tasks.serving.environment import ABSENT, find_server
from tasks.serving.params import ServingParams


def preflight(
    files: Sequence[Sequence[str]],
    mixing: MixingParams,
    base: BaseParams,
    rendering: RenderingParams,
    serving: ServingParams,
    release: PromotionParams,
    where: Where,
) -> None:
    """Check files, base model and the serving environment.

    Args:
        files: The lists of source files that the run names; empty ones are not needed.
        mixing: Its files are needed unless its share is zero.
        base: The base model.
        rendering: Its chat template must be there.
        serving: Whether a live server must prove the model.
        release: Whether it may be released without that proof.
        where: On `pool`, the server is the GPU worker's, which cannot be asked from here.

    Raises:
        ConfigError: Something is missing; every problem is in the one message.
    """
    problems = []
    for names in [*files, mixing.files if mixing.share else ()]:
        if names:
            problems += _problem(partial(find_sources, names))
    problems += _problem(partial(locate, base))
    problems += _problem(partial(load_template, rendering.template))
    if where == "inline":
        problems += _problem(partial(_server, serving, release))
    if problems:
        raise ConfigError("\n".join(problems))


def _problem(check: Callable[[], object]) -> list[str]:
    try:
        check()
    except ConfigError as error:
        return [str(error)]
    return []


def _server(serving: ServingParams, release: PromotionParams) -> None:
    server = find_server(serving)
    if server.name == ABSENT and not release.allow_unproven:
        raise ConfigError(
            f"a model of this run could not be released: {server.why}. Install the serving environment with "
            "`make vllm`, or set `release.allow_unproven` to true."
        )
