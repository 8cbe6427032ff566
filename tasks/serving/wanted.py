"""Which server a run is proven with."""

from tasks.errors import ConfigError
from tasks.inference.environment import ABSENT, Server, find_server
from tasks.serving.params import ServingParams


def wanted_server(params: ServingParams) -> Server:
    """Return the server environment to prove with.

    Raises:
        ConfigError: `prove` is `require` and there is none.
    """
    if params.prove == "skip":
        return Server(ABSENT, why="the proof was left out (serving.prove = skip)")
    found = find_server()
    if found.name == ABSENT and params.prove == "require":
        raise ConfigError(f"serving.prove is 'require', but {found.why}. Run `make vllm`, or set it to 'auto'")
    return found
