"""The OpenAI API of a server on this machine, as far as the proof needs it."""

from dataclasses import dataclass
from typing import Any

from tasks.errors import ProofError
from tasks.merging.probes import Probe

TIMEOUT_S = 300.0


@dataclass(frozen=True)
class Answer:
    """What the server answered.

    Attributes:
        text: The text.
        ids: Its token ids, the token that ended it included if the server says it.
        logprobs: Log-probability of each, nats.
    """

    text: str
    ids: list[int]
    logprobs: list[float]


class Client:
    """Asks one server.

    Args:
        port: On 127.0.0.1.
        model: The served name.
    """

    def __init__(self, port: int, model: str) -> None:
        import httpx

        # No proxy of the environment may stand between this process and its own machine.
        self._http = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=TIMEOUT_S, trust_env=False)
        self._model = model

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

    def tokenize(self, probe: Probe) -> list[int]:
        """Return the token ids that the server makes of a probe's prompt."""
        asked: dict[str, Any] = (
            {"messages": probe.messages, "add_generation_prompt": True, **_tools(probe)}
            if probe.messages
            else {"prompt": probe.text, "add_special_tokens": True}
        )
        tokens: list[int] = self._json("POST", "/tokenize", {"model": self._model, **asked})["tokens"]
        return tokens

    def answer(self, probe: Probe, prompt_ids: list[int], tokens: int) -> Answer:
        """Return the server's greedy answer to a probe."""
        settings = {
            "model": self._model,
            "temperature": 0,
            "max_tokens": tokens,
            "return_tokens_as_token_ids": True,
        }
        if not probe.messages:
            said = self._json("POST", "/v1/completions", {**settings, "prompt": prompt_ids, "logprobs": 0})["choices"][
                0
            ]
            ids = [_token_id(token) for token in said["logprobs"]["tokens"]]
            return Answer(said["text"], ids, said["logprobs"]["token_logprobs"])
        body = {**settings, "messages": probe.messages, "logprobs": True, **_tools(probe)}
        if probe.tools:
            # The text is compared as the model writes it: the server must not parse calls out of it.
            body["tool_choice"] = "none"
        said = self._json("POST", "/v1/chat/completions", body)["choices"][0]
        content = said["logprobs"]["content"]
        ids = [_token_id(entry["token"]) for entry in content]
        return Answer(said["message"]["content"] or "", ids, [entry["logprob"] for entry in content])

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _json(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        response = self._http.request(method, path, json=body)
        if response.is_error:
            raise ProofError(f"the server answered {method} {path} with {response.status_code}: {response.text[:500]}")
        return response.json()


def _tools(probe: Probe) -> dict[str, Any]:
    return {"tools": probe.tools} if probe.tools else {}


def _token_id(token: str) -> int:
    return int(token.removeprefix("token_id:"))
