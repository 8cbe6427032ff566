"""What a model is asked through: transformers in this process, or a vLLM server beside it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tasks.evaluation.constrain import Schema, constraints
from tasks.evaluation.generation import Answer, end_tokens, generate
from tasks.evaluation.harness import local_model
from tasks.evaluation.items import TaskItem
from tasks.evaluation.model import load_model
from tasks.evaluation.params import EvaluationParams

OnStep = Callable[[int, int], None]


@dataclass(frozen=True)
class Facts:
    """What answered.

    Attributes:
        engine: `transformers`, or the server's distribution and version.
        dtype: Number type of the weights.
        device: Where they lie.
        adapter_layers: Layers that the adapter changes; 0 without one.
    """

    engine: str
    dtype: str
    device: str
    adapter_layers: int


class Engine(Protocol):
    """A model that can be asked."""

    facts: Facts

    def answer(
        self, items: Sequence[TaskItem], max_new_tokens: int, schema: Schema | None, on_step: OnStep
    ) -> list[Answer]:
        """Return the greedy answers, in the items' order.

        Args:
            items: What is asked.
            max_new_tokens: Limit of an answer.
            schema: What answers are held to; None: nothing.
            on_step: Called now and then with the number of finished answers and the token of the batch in work.
        """
        ...

    def harness(self) -> Any:
        """Return the model as lm-evaluation-harness wants it."""
        ...


class Local:
    """A model of transformers in this process.

    Args:
        folder: The base model.
        template: An artefact with the chat template.
        adapter: Folder that PEFT wrote, or None for the base alone.
        params: Batches.
    """

    def __init__(self, folder: Path, template: Path, adapter: Path | None, params: EvaluationParams) -> None:
        self.model, self.tokenizer, layers = load_model(folder, template, adapter)
        self.params = params
        dtype = str(self.model.dtype).removeprefix("torch.")
        self.facts = Facts("transformers", dtype, str(self.model.device), layers)

    def answer(
        self, items: Sequence[TaskItem], max_new_tokens: int, schema: Schema | None, on_step: OnStep
    ) -> list[Answer]:
        """Answer in batches; see `tasks.evaluation.generation`."""
        constrain = None
        if schema is not None:
            vocabulary = self.model.get_output_embeddings().weight.shape[0]
            ends = sorted(end_tokens(self.model, self.tokenizer))
            constrain = constraints(schema, self.tokenizer, ends, vocabulary)
        return generate(
            self.model,
            self.tokenizer,
            items,
            batch_size=self.params.batch_size,
            batch_tokens=self.params.batch_tokens,
            max_new_tokens=max_new_tokens,
            on_step=on_step,
            constrain=constrain,
        )

    def harness(self) -> Any:
        """Return the harness's own Hugging Face model, bounded in memory."""
        return local_model(self.model, self.tokenizer, self.params)


@contextmanager
def engine(
    folder: Path,
    template: Path,
    adapter: Path | None,
    params: EvaluationParams,
    longest: int,
    work: Path,
    on_wait: Callable[[float], None],
) -> Iterator[Engine]:
    """Load the model in the engine that `params` names, and let it go at the end.

    Args:
        folder: The base model.
        template: An artefact with the chat template.
        adapter: Folder that PEFT wrote, or None for the base alone.
        params: Engine and batches.
        longest: Tokens of the longest prompt and its answer.
        work: Folder for the server's log and its tokenizer.
        on_wait: Called with the seconds that a server takes to start; may raise to give up.
    """
    if params.engine == "transformers":
        yield Local(folder, template, adapter, params)
    else:
        from tasks.evaluation.served import served

        with served(folder, template, adapter, params, longest, work, on_wait) as found:
            yield found
