"""Child process: write the embedded model as safetensors."""

from pathlib import Path
from typing import Any

from tasks.base.convert import convert_embedded, embedded_source
from tasks.base.licence import gguf_licence
from tasks.runtime.child import Events, StopFlag


def main(payload: dict[str, Any], events: Events, stop: StopFlag) -> dict[str, Any]:
    """Convert into `payload["out"]`; return the licence that the file states."""
    events.progress("writing the embedded model as safetensors (about 20 s)")
    convert_embedded(Path(payload["out"]))
    stop.check()
    return {"license": gguf_licence(embedded_source())}
