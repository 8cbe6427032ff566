"""What can be known to fail before anything is paid for."""

from collections.abc import Callable, Sequence
from functools import partial

from tasks.base.params import BaseParams
from tasks.base.resolve import locate
from tasks.errors import ConfigError
from tasks.evaluation.constrain import load_schema
from tasks.evaluation.params import EvaluationParams
from tasks.evaluation.served import require_server
from tasks.gating.params import GatingParams
from tasks.gating.policy import read_policy
from tasks.guardrails.own import own_probes
from tasks.inference.environment import ABSENT
from tasks.ingest.sources import find_sources
from tasks.metrics.build import inputs
from tasks.mixing.params import MixingParams
from tasks.promotion.build import signer_of
from tasks.promotion.params import PromotionParams
from tasks.rendering.params import RenderingParams
from tasks.rendering.templates import load_template
from tasks.runtime.remote import Where
from tasks.serving.params import ServingParams
from tasks.serving.wanted import wanted_compressor, wanted_server


def preflight(
    files: Sequence[Sequence[str]],
    mixing: MixingParams,
    base: BaseParams,
    rendering: RenderingParams,
    evaluation: EvaluationParams,
    gating: GatingParams,
    serving: ServingParams,
    release: PromotionParams,
    where: Where,
) -> None:
    """Check every file that the run names, the base model, the signing key and the serving environment.

    Args:
        files: The lists of source files that the run names; empty ones are not needed.
        mixing: Its files are needed unless its share is zero.
        base: The base model.
        rendering: Its chat template must be there.
        evaluation: The files of its metrics, its schema and its own probes must be there, and its engine.
        gating: Its policy must be there and say what the gate understands.
        serving: Whether a live server must prove the model.
        release: Whether it may be released without that proof, and whether it must be signed.
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
    problems += _problem(partial(inputs, evaluation.metrics))
    problems += _problem(partial(load_schema, evaluation.constrained))
    problems += _problem(partial(own_probes, evaluation.guardrails.probes_file))
    problems += _problem(partial(read_policy, gating.policy))
    problems += _problem(partial(signer_of, release))
    if where == "inline":
        if evaluation.engine == "vllm":
            problems += _problem(require_server)
        problems += _problem(partial(_server, serving, release))
        problems += _problem(partial(wanted_compressor, serving))
    if problems:
        raise ConfigError("\n".join(problems))


def _problem(check: Callable[[], object]) -> list[str]:
    try:
        check()
    except ConfigError as error:
        return [str(error)]
    return []


def _server(serving: ServingParams, release: PromotionParams) -> None:
    server = wanted_server(serving)
    if server.name == ABSENT and not release.allow_unproven:
        raise ConfigError(
            f"a model of this run could not be released: {server.why}. Install the serving environment with "
            "`make vllm`, or set `release.allow_unproven` to true."
        )
