"""The OpenAI API over transformers, for one model folder and, if wanted, a PEFT adapter of any method on it.

This file is copied into served directories and stands alone. It answers greedily, one request after another; a request
that asks for more than that is refused, not answered with less. transformers' own server refuses log-probabilities,
has no `/tokenize` and takes no prompt-learning adapters, so it could not be proven as vLLM is.
"""

import argparse
import threading
import time
import uuid
from pathlib import Path
from typing import Any, Literal

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, ConfigDict, Field


class Body(BaseModel):
    """A request; fields that it does not know are refused."""

    model_config = ConfigDict(extra="forbid")
    model: str


class Greedy(Body):
    """What both kinds of answers take."""

    temperature: Literal[0]
    max_tokens: int = Field(ge=1)
    stream: Literal[False] = False
    n: Literal[1] = 1
    return_tokens_as_token_ids: bool = False


class ChatRequest(Greedy):
    """`/v1/chat/completions`; tool calls are left in the text."""

    messages: list[dict[str, Any]] = Field(min_length=1)
    tools: list[dict[str, Any]] | None = None
    tool_choice: Literal["none"] | None = None
    logprobs: bool = False


class TextRequest(Greedy):
    """`/v1/completions`."""

    prompt: str | list[int]
    logprobs: Literal[0] | None = None


class TokenizeRequest(Body):
    """`/tokenize`: of a conversation or a text."""

    messages: list[dict[str, Any]] | None = None
    prompt: str | None = None
    tools: list[dict[str, Any]] | None = None
    add_generation_prompt: bool = True
    add_special_tokens: bool = True


class Model:
    """A loaded model that answers greedily.

    Args:
        folder: What paths in the settings count from.
        settings: `model`, `adapter`, `served_model_name`, `dtype`, `max_model_len` (tokens).
    """

    def __init__(self, folder: Path, settings: dict[str, Any]) -> None:
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer

        self.name: str = settings["served_model_name"]
        self._longest: int = settings["max_model_len"]
        path = (folder / settings["model"]).resolve()
        self._tokenizer = AutoTokenizer.from_pretrained(path, trust_remote_code=False)
        device = "cuda" if torch.cuda.is_available() else "cpu"
        options = {"dtype": getattr(torch, settings["dtype"]), "trust_remote_code": False, "use_safetensors": True}
        model = AutoModelForCausalLM.from_pretrained(path, **options).to(device)
        self._generation = model.generation_config
        if settings["adapter"]:
            from peft import PeftModel

            model = PeftModel.from_pretrained(model, (folder / settings["adapter"]).resolve())
        self._model = model.eval()
        self._one_at_a_time = threading.Lock()

    def check_name(self, name: str) -> None:
        """Refuse another model's name."""
        if name != self.name:
            raise HTTPException(404, f"the model is '{self.name}', not '{name}'")

    def chat_ids(
        self, messages: list[dict[str, Any]], tools: list[dict[str, Any]] | None, *, prompt: bool
    ) -> list[int]:
        """Return a conversation's token ids."""
        turns = [{**turn, "content": turn.get("content") or ""} for turn in messages]
        text = self._tokenizer.apply_chat_template(
            turns, tools=tools or None, tokenize=False, add_generation_prompt=prompt
        )
        ids: list[int] = self._tokenizer(text, add_special_tokens=False)["input_ids"]
        return ids

    def text_ids(self, text: str, *, special: bool) -> list[int]:
        """Return a text's token ids; a token that would end it is left out."""
        ids: list[int] = self._tokenizer(text, add_special_tokens=special)["input_ids"]
        return ids[:-1] if special and ids and ids[-1] == self._tokenizer.eos_token_id else ids

    def answer(self, prompt: list[int], longest: int) -> dict[str, Any]:
        """Return the greedy answer: ids, their log-probabilities (nats), text, how it ended."""
        import torch

        room = self._longest - len(prompt)
        if room < 1:
            raise HTTPException(400, f"the prompt has {len(prompt)} tokens, the context {self._longest}")
        ids = torch.tensor([prompt], device=self._model.device)
        with self._one_at_a_time, torch.inference_mode():
            found = self._model.generate(
                input_ids=ids,
                attention_mask=torch.ones_like(ids),
                do_sample=False,
                max_new_tokens=min(longest, room),
                eos_token_id=self._generation.eos_token_id,
                pad_token_id=self._generation.pad_token_id,
                return_dict_in_generate=True,
                output_scores=True,
            )
        answer = found.sequences[0, len(prompt) :].tolist()
        steps = zip(found.scores, answer, strict=True)
        logprobs = [float(scores[0].float().log_softmax(-1)[token]) for scores, token in steps]
        ends = self._generation.eos_token_id
        stopped = answer[-1] in (ends if isinstance(ends, list) else [ends])
        return {
            "ids": answer,
            "logprobs": logprobs,
            "text": self._tokenizer.decode(answer, skip_special_tokens=True),
            "finish_reason": "stop" if stopped else "length",
        }

    def spelled(self, token: int, *, as_id: bool) -> str:
        """Return a token as answers with log-probabilities name it."""
        return f"token_id:{token}" if as_id else str(self._tokenizer.decode([token]))


def application(model: Model) -> FastAPI:
    """Return the API over a model."""
    app = FastAPI()

    @app.get("/health")
    def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/v1/models")
    def models() -> dict[str, Any]:
        return {"object": "list", "data": [{"id": model.name, "object": "model", "owned_by": "local"}]}

    @app.post("/tokenize")
    def tokenize(body: TokenizeRequest) -> dict[str, Any]:
        model.check_name(body.model)
        if (body.messages is None) == (body.prompt is None):
            raise HTTPException(400, "give either messages or a prompt")
        if body.messages is not None:
            ids = model.chat_ids(body.messages, body.tools, prompt=body.add_generation_prompt)
        else:
            ids = model.text_ids(body.prompt or "", special=body.add_special_tokens)
        return {"count": len(ids), "tokens": ids}

    @app.post("/v1/chat/completions")
    def chat(body: ChatRequest) -> dict[str, Any]:
        model.check_name(body.model)
        prompt = model.chat_ids(body.messages, body.tools, prompt=True)
        said = model.answer(prompt, body.max_tokens)
        as_id = body.return_tokens_as_token_ids
        content = [
            {"token": model.spelled(token, as_id=as_id), "logprob": logprob, "top_logprobs": []}
            for token, logprob in zip(said["ids"], said["logprobs"], strict=True)
        ]
        choice = {
            "index": 0,
            "message": {"role": "assistant", "content": said["text"]},
            "finish_reason": said["finish_reason"],
            "logprobs": {"content": content} if body.logprobs else None,
        }
        return _reply("chat.completion", model.name, choice, len(prompt), len(said["ids"]))

    @app.post("/v1/completions")
    def complete(body: TextRequest) -> dict[str, Any]:
        model.check_name(body.model)
        prompt = body.prompt if isinstance(body.prompt, list) else model.text_ids(body.prompt, special=True)
        if not prompt:
            raise HTTPException(400, "the prompt is empty")
        said = model.answer(prompt, body.max_tokens)
        as_id = body.return_tokens_as_token_ids
        tokens = [model.spelled(token, as_id=as_id) for token in said["ids"]]
        choice = {
            "index": 0,
            "text": said["text"],
            "finish_reason": said["finish_reason"],
            "logprobs": None if body.logprobs is None else {"tokens": tokens, "token_logprobs": said["logprobs"]},
        }
        return _reply("text_completion", model.name, choice, len(prompt), len(said["ids"]))

    return app


def _reply(kind: str, name: str, choice: dict[str, Any], asked: int, answered: int) -> dict[str, Any]:
    usage = {"prompt_tokens": asked, "completion_tokens": answered, "total_tokens": asked + answered}
    return {
        "id": f"{kind}-{uuid.uuid4().hex}",
        "object": kind,
        "created": int(time.time()),
        "model": name,
        "choices": [choice],
        "usage": usage,
    }


def main() -> None:
    """Load the model and serve it until the process is ended."""
    import uvicorn
    import yaml

    parser = argparse.ArgumentParser(description="Serve a model folder over the OpenAI API.")
    parser.add_argument("--settings", type=Path, required=True, help="settings.yaml")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    given = parser.parse_args()
    settings = yaml.safe_load(given.settings.read_text(encoding="utf-8"))
    model = Model(given.settings.resolve().parent, settings)
    uvicorn.run(application(model), host=given.host, port=given.port, log_level="warning")


if __name__ == "__main__":
    main()
