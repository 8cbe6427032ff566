"""A server with vLLM's API for tests without vLLM: answers with transformers, honestly or not.

Started by `serve.sh` in place of vLLM. `STAND_IN` in the environment names a fault: `answer` (another text), `template`
(another chat template), `start` (does not start), `lora` (leaves the adapter out), `busy` (other answers while another
request is being answered), or nothing.
"""

import json
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import torch
import yaml
from transformers import AutoModelForCausalLM, AutoTokenizer

FAULT = os.environ.get("STAND_IN", "")
SETTINGS = yaml.safe_load(Path("vllm.yaml").read_text())
TOKENIZER = AutoTokenizer.from_pretrained("model")
MODEL = AutoModelForCausalLM.from_pretrained("model", dtype=torch.float32).eval()
NAMES = list(SETTINGS["served-model-name"])
if SETTINGS.get("enable-lora"):
    from peft import PeftModel

    name, folder = SETTINGS["lora-modules"][0].split("=")
    NAMES.append(name)
    if FAULT != "lora":
        MODEL = PeftModel.from_pretrained(MODEL, folder).eval()


def tokens(body):
    if "messages" not in body:
        return TOKENIZER(body["prompt"], add_special_tokens=body["add_special_tokens"])["input_ids"]
    text = TOKENIZER.apply_chat_template(body["messages"], tokenize=False, add_generation_prompt=True)
    return TOKENIZER(text + (" " if FAULT == "template" else ""), add_special_tokens=False)["input_ids"]


BUSY = threading.Lock()


def answer(ids, length):
    alone = BUSY.acquire(blocking=False)
    try:
        return greedily(ids, length, wrong=FAULT == "answer" or (FAULT == "busy" and not alone))
    finally:
        if alone:
            time.sleep(2 * (FAULT == "busy"))
            BUSY.release()


def greedily(ids, length, *, wrong):
    found, logprobs = [], []
    for _ in range(length):
        scores = MODEL(torch.tensor([ids + found])).logits[0, -1].log_softmax(-1)
        token = int(scores.argmin() if wrong else scores.argmax())
        found.append(token)
        logprobs.append(float(scores[token]))
        if token == TOKENIZER.eos_token_id:
            break
    return found, logprobs


class Handler(BaseHTTPRequestHandler):
    def reply(self, value):
        data = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        self.reply({"data": [{"id": name} for name in NAMES]})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if self.path == "/tokenize":
            return self.reply({"tokens": tokens(body)})
        if self.path == "/v1/completions":
            ids, logprobs = answer(body["prompt"], body["max_tokens"])
            names = [f"token_id:{token}" for token in ids]
            text = TOKENIZER.decode(ids, skip_special_tokens=True)
            return self.reply({"choices": [{"text": text, "logprobs": {"tokens": names, "token_logprobs": logprobs}}]})
        ids, logprobs = answer(tokens(body), body["max_tokens"])
        content = [{"token": f"token_id:{token}", "logprob": value} for token, value in zip(ids, logprobs, strict=True)]
        message = {"content": TOKENIZER.decode(ids, skip_special_tokens=True)}
        return self.reply({"choices": [{"message": message, "logprobs": {"content": content}}]})


if __name__ == "__main__":
    if FAULT == "start":
        sys.exit("this model has a head size that is not supported")
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[sys.argv.index("--port") + 1])), Handler).serve_forever()
