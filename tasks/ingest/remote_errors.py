"""What the clients of clouds and hub raise, as this project's errors.

botocore, aiohttp, azure-core, google-auth and huggingface_hub have no common base for "try again" and "not allowed".
They are told apart by the names of their classes and by HTTP status: importing four clouds to ask `isinstance` would
cost seconds, and some of these clients can be installed with one of two HTTP libraries.
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from tasks.errors import ConfigError, FinetuneError, TransientError, is_transient

_MISSING = {"FileNotFoundError", "ResourceNotFoundError", "RevisionNotFoundError"}
_NOT_ALLOWED = {
    "PermissionError", "NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError",
    "TokenRetrievalError", "ProfileNotFound", "UnauthorizedSSOTokenError", "GoogleAuthError",
    "ClientAuthenticationError", "GatedRepoError",
}  # fmt: skip
_TRANSIENT = {
    "ConnectionError", "HTTPClientError", "IncompleteReadError", "ClientConnectionError", "ClientPayloadError",
    "ServiceRequestError", "ServiceResponseError", "TransportError",
}  # fmt: skip
_TRANSIENT_STATUS = {408, 425, 429}
MESSAGE_CHARS = 300
# Of the machine, not of the other side: whoever writes the file says what to do about them.
_LOCAL_ERRNO = {errno.ENOSPC, errno.EDQUOT}


@contextmanager
def translated(name: str) -> Iterator[None]:
    """Raise what goes wrong inside as this project's error, naming the remote file.

    Raises:
        TransientError: Lost connections, time-outs, a busy or broken server.
        ConfigError: Not there, not allowed, or anything else that a second try would meet again.
        OSError: The local disk is full.
    """
    try:
        yield
    except FinetuneError:
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno in _LOCAL_ERRNO:
            raise
        raise _translation(name, error) from error


def _translation(name: str, error: Exception) -> FinetuneError:
    chain = list(_causes(error))
    kinds = {kind.__name__ for each in chain for kind in type(each).__mro__}
    status = next(filter(None, map(_status, chain)), 0)
    what = " ".join(f"{type(error).__name__}: {error}".split())[:MESSAGE_CHARS]
    # Lost connections come first: a token or a listing that could not be fetched is no wrong token and no missing file.
    broken = status in _TRANSIENT_STATUS or status >= 500 or any(_server_error(each) for each in chain)
    if broken or kinds & _TRANSIENT or any(map(is_transient, chain)):
        return TransientError(f"{name} could not be fetched just now ({what}). Try again")
    # Gated datasets are "not found" in their client's own tree, so what is missing comes last.
    if kinds & _NOT_ALLOWED or status in (401, 403) or "account_name" in str(error):
        return ConfigError(
            f"{name} may not be read with the credentials at hand ({what}). Give them as the cloud's own tools expect "
            "them, in the environment or its configuration file, never in the name: AWS_PROFILE or AWS_ACCESS_KEY_ID, "
            "GOOGLE_APPLICATION_CREDENTIALS, AZURE_STORAGE_ACCOUNT_NAME, HF_TOKEN."
        )
    if kinds & _MISSING or status == 404:
        return ConfigError(f"{name} is not there ({what}). See what is there with: {_listing(name)}")
    return ConfigError(f"{name} cannot be read ({what}). Check the name, the credentials and the endpoint")


def _listing(name: str) -> str:
    """Return the command that lists what lies beside a remote file."""
    scheme, _, path = name.partition("#")[0].partition("://")
    folder = path.rpartition("/")[0] or path
    bucket, _, prefix = folder.partition("/")
    commands = {
        "s3": f"aws s3 ls s3://{folder}/",
        "gs": f"gcloud storage ls gs://{folder}/",
        "az": f"az storage blob list --container-name {bucket} --prefix '{prefix}'",
        "hf": f"python -c \"from huggingface_hub import HfFileSystem; print(HfFileSystem().ls('{folder}'))\"",
    }
    return commands[scheme]


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and what it was raised from: clients wrap each other's errors, and `datasets` wraps the hub's."""
    while error is not None:
        yield error
        error = error.__cause__


def _server_error(error: BaseException) -> bool:
    """Say whether s3fs has made an error of the machine's list out of a status of 500."""
    return isinstance(error, OSError) and error.errno == errno.EREMOTEIO


def _status(error: BaseException) -> int:
    """Return the HTTP status that an error carries under one of its clients' names for it, or 0."""
    holders = (error, getattr(error, "response", None))
    found = [str(getattr(holder, name, "")) for holder in holders for name in ("status", "status_code", "code")]
    return next((int(status) for status in found if status.isdecimal()), 0)
