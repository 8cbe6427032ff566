"""The OpenAI API of a server on this machine: tokens, greedy answers, log-probabilities."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tasks.errors import ProofError, ResourceError
from tasks.store.records import Row

TIMEOUT_S = 600.0


@dataclass(frozen=True)
class Question:
    """One prompt.

    Attributes:
        prompt_ids: Its token ids, shape [tokens].
        messages: The conversation; empty for plain text.
        text: The plain text; empty for conversations.
        tools: What the conversation may call.
    """

    prompt_ids: list[int]
    messages: list[Row]
    text: str = ""
    tools: list[Row] | None = None


@dataclass(frozen=True)
class Answer:
    """What the server answered.

    Attributes:
        text: The text.
        ids: Its token ids, the token that ended it included if the server says it.
        logprobs: Log-probability of each, nats.
        cut: The answer was ended by the limit of tokens.
    """

    text: str
    ids: list[int]
    logprobs: list[float]
    cut: bool = False


class Client:
    """Asks one server; safe to use from many threads.

    Args:
        port: On 127.0.0.1.
        model: The served name.
    """

    def __init__(self, port: int, model: str) -> None:
        import httpx

        # No proxy of the environment may stand between this process and its own machine.
        limits = httpx.Limits(max_connections=None)
        self.address = f"http://127.0.0.1:{port}"
        self._http = httpx.Client(base_url=self.address, timeout=TIMEOUT_S, trust_env=False, limits=limits)
        self.model = model

    def ready(self) -> bool:
        """Return whether the server says it is ready."""
        import httpx

        try:
            return self._http.get("/health").status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    def models(self) -> list[str]:
        """Return the names that are served."""
        return [entry["id"] for entry in self._json("GET", "/v1/models")["data"]]

    def tokenize(self, question: Question, model: str | None = None) -> list[int]:
        """Return the token ids that the server makes of a prompt."""
        asked: dict[str, Any] = (
            {"messages": question.messages, "add_generation_prompt": True, **_tools(question)}
            if question.messages
            else {"prompt": question.text, "add_special_tokens": True}
        )
        tokens: list[int] = self._json("POST", "/tokenize", {"model": model or self.model, **asked})["tokens"]
        return tokens

    def answer(self, question: Question, tokens: int, model: str | None = None) -> Answer:
        """Return the greedy answer to a prompt: to the conversation as messages, to plain text as token ids.

        Args:
            question: The prompt.
            tokens: The most tokens of the answer.
            model: Another served name, such as an adapter's.
        """
        if not question.messages:
            return self.complete(question.prompt_ids, tokens, model)
        body = {**self._greedy(tokens, model), "messages": question.messages, "logprobs": True, **_tools(question)}
        if question.tools:
            # The text is compared as the model writes it: the server must not parse calls out of it.
            body["tool_choice"] = "none"
        said = self._json("POST", "/v1/chat/completions", body)["choices"][0]
        content = said["logprobs"]["content"]
        ids = [_token_id(entry["token"]) for entry in content]
        logprobs = [entry["logprob"] for entry in content]
        return Answer(said["message"]["content"] or "", ids, logprobs, said.get("finish_reason") == "length")

    def complete(
        self, prompt_ids: list[int], tokens: int, model: str | None = None, extra: Mapping[str, Any] | None = None
    ) -> Answer:
        """Return the greedy continuation of token ids.

        Args:
            prompt_ids: The prompt, shape [tokens].
            tokens: The most tokens of the answer.
            model: Another served name, such as an adapter's.
            extra: More fields of the request, such as `stop_token_ids` or `structured_outputs`.
        """
        said = self._complete(prompt_ids, tokens, model, {"logprobs": 0, **(extra or {})})
        ids = [_token_id(token) for token in said["logprobs"]["tokens"]]
        return Answer(said["text"], ids, said["logprobs"]["token_logprobs"], said.get("finish_reason") == "length")

    def next_token(
        self, prompt_ids: list[int], wanted: Sequence[int], model: str | None = None
    ) -> tuple[int, dict[int, float]]:
        """Return the likeliest token after a prompt, and how likely some tokens are there.

        Args:
            prompt_ids: The prompt, shape [tokens].
            wanted: Ids of the tokens asked about; vLLM takes 128 at most.
            model: Another served name, such as an adapter's.

        Returns:
            The likeliest token's id, and log-probabilities by id, nats; those wanted are among them.
        """
        extra = {"logprobs": len(wanted), "logprob_token_ids": list(wanted)}
        said = self._complete(prompt_ids, 1, model, extra)["logprobs"]
        return _token_id(said["tokens"][0]), {_token_id(key): value for key, value in said["top_logprobs"][0].items()}

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _complete(self, prompt_ids: list[int], tokens: int, model: str | None, extra: Mapping[str, Any]) -> Any:
        body = {**self._greedy(tokens, model), "prompt": prompt_ids, **extra}
        return self._json("POST", "/v1/completions", body)["choices"][0]

    def _greedy(self, tokens: int, model: str | None) -> dict[str, Any]:
        return {
            "model": model or self.model,
            "temperature": 0,
            "max_tokens": tokens,
            "return_tokens_as_token_ids": True,
        }

    def _json(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        import httpx

        try:
            response = self._http.request(method, path, json=body)
        except httpx.TimeoutException as error:
            raise ResourceError(f"the server gave no answer to {method} {path} within {TIMEOUT_S:.0f} s") from error
        except httpx.TransportError as error:
            raise ProofError(f"the server broke off at {method} {path}: {error!r}. Its log says why") from error
        if response.is_error:
            raise ProofError(f"the server answered {method} {path} with {response.status_code}: {response.text[:500]}")
        return response.json()


def _tools(question: Question) -> dict[str, Any]:
    return {"tools": question.tools} if question.tools else {}


def _token_id(token: str) -> int:
    return int(token.removeprefix("token_id:"))
