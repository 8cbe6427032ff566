"""The few endpoints of a Hugging Face hub that a dataset is listed and fetched with, on a local address."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha1
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import unquote, urlsplit

COMMIT, OLDER = "a1" * 20, "b2" * 20
REFS = {"main": COMMIT, "v1": OLDER, COMMIT: COMMIT, OLDER: OLDER}
# What the real hub says of datasets that cannot be had, by id: status and code.
FAILURES = {"org/gated": (403, "GatedRepo"), "org/broken": (503, "")}

Datasets = dict[str, dict[str, dict[str, bytes]]]
Answer = tuple[int, bytes, dict[str, str]]


@contextmanager
def hub(datasets: Datasets) -> Iterator[tuple[str, list[str]]]:
    """Serve datasets, given as `{id: {commit: {path: content}}}`; yield the address and the requests that came."""
    requests: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            requests.append(f"{self.command} {self.path}")
            status, body, headers = respond(datasets, self.path)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_HEAD = do_POST = answer  # noqa: N815

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", requests
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def respond(datasets: Datasets, target: str) -> Answer:
    """Answer `/api/datasets/<id>/<revision or tree>/<revision>/<path>`, `/datasets/<id>/resolve/<revision>/<path>`."""
    url = urlsplit(target)
    parts = [unquote(part) for part in url.path.removeprefix("/api").removeprefix("/datasets/").split("/")]
    dataset, (what, revision, *rest) = "/".join(parts[:2]), parts[2:] or ["revision", "main"]
    if dataset in FAILURES:
        return refusal(*FAILURES[dataset])
    if dataset not in datasets:
        return refusal(404, "RepoNotFound")
    commit = REFS.get(revision)
    if commit not in datasets[dataset]:
        return refusal(404, "RevisionNotFound")
    files, path = datasets[dataset][commit], "/".join(rest)
    if what == "resolve":
        if path not in files:
            return refusal(404, "EntryNotFound")
        return 200, files[path], {"ETag": f'"{sha1(files[path]).hexdigest()}"', "X-Repo-Commit": commit}
    if what == "tree":
        entries = tree(files, f"{path}/" if path else "", recursive="recursive=true" in url.query.lower())
        return (200, json.dumps(entries).encode(), {}) if entries else refusal(404, "EntryNotFound")
    return (
        200,
        json.dumps({"id": dataset, "sha": commit, "siblings": [{"rfilename": name} for name in files]}).encode(),
        {},
    )


def refusal(status: int, code: str) -> Answer:
    return status, b"{}", {"X-Error-Code": code}


def tree(files: dict[str, bytes], start: str, *, recursive: bool) -> list[dict[str, object]]:
    entries: dict[str, dict[str, object]] = {}
    for path, body in files.items():
        if not path.startswith(start):
            continue
        folders = path.removeprefix(start).split("/")[:-1]
        for depth in range(1, len(folders) + 1 if recursive else min(len(folders), 1) + 1):
            at = start + "/".join(folders[:depth])
            entries[at] = {"type": "directory", "path": at, "oid": "0" * 40, "size": 0}
        if recursive or not folders:
            entries[path] = {"type": "file", "path": path, "oid": sha1(body).hexdigest(), "size": len(body)}
    return list(entries.values())
