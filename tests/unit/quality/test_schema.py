import json
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from tasks.errors import ConfigError
from tasks.quality.schema import schema_bytes, schema_check
from tests.unit.quality.rows import examples

SCHEMA = {
    "type": "object",
    "required": ["carrier", "lines"],
    "additionalProperties": False,
    "properties": {
        "carrier": {"type": "string"},
        "lines": {"type": "array", "items": {"type": "object", "properties": {"price": {"type": "number"}}}},
    },
}


def check(schema, *answers):
    run = schema_check(json.dumps(schema).encode())
    return [run(example) for example in examples(*answers)]


def test_errors_are_named_by_place_and_keyword():
    assert check(
        SCHEMA,
        {"carrier": "M", "lines": [{"price": 1}]},
        {"carrier": 1, "lines": [{"price": "SECRET"}, {"price": "SECRET"}]},
        {"carrier": "M", "lines": [], "more": 1},
        {},
        "text",
        "[]",
    ) == [
        [],
        ["/carrier: type", "/lines/*/price: type"],
        ["/: additionalProperties"],
        ["/: required"],
        ["no JSON"],
        ["/: type"],
    ]


@pytest.mark.parametrize("content", [b"{", b'{"type": "nothing"}', b"[]", b'"text"'])
def test_what_is_no_schema_is_refused(content):
    with pytest.raises(ConfigError, match=r"quality\.schema_file"):
        schema_check(content)


class Serving(BaseHTTPRequestHandler):
    """Serves a schema, and counts who asks."""

    asked = 0

    def do_GET(self):
        Serving.asked += 1
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"type": "object"}')

    def log_message(self, *_said):
        """Say nothing."""


@pytest.fixture
def address():
    with HTTPServer(("127.0.0.1", 0), Serving) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/schema.json"
        server.shutdown()
        thread.join()


def test_nothing_is_fetched(address):
    with pytest.raises(ConfigError, match="leads out of it"):
        check({"$ref": address}, {"a": 1})
    assert Serving.asked == 0
    assert check({"$ref": "#/$defs/a", "$defs": {"a": {"type": "object"}}}, "[]") == [["/: type"]]


def test_files_are_confined(tmp_path):
    path = tmp_path / "schema.json"
    path.write_text("{}")
    assert schema_bytes(str(path)) == b"{}"
    with pytest.raises(ConfigError, match="outside the allowed folders"):
        schema_bytes("/etc/hostname")
    with pytest.raises(ConfigError, match="cannot be read"):
        schema_bytes(str(tmp_path / "none.json"))
