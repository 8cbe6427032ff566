"""Which environments beside the project's own a run needs."""

from tasks.errors import ConfigError
from tasks.inference.environment import ABSENT, Environment, Server, find_compressor, find_server
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


def wanted_compressor(params: ServingParams) -> Environment:
    """Return the environment that makes 4-bit weights.

    Raises:
        ConfigError: They are asked for, and there is none.
    """
    if "awq" not in params.targets:
        return Environment(ABSENT, why="no 4-bit weights are asked for")
    found = find_compressor()
    if found.name == ABSENT:
        raise ConfigError(
            f"serving.targets names awq, but {found.why}. Run `make llmcompressor`, or leave awq out of it"
        )
    return found
