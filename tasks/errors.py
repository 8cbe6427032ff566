"""The project's one error tree. A message says what is wrong, where, and what to do next.

FinetuneError
├── DataError          rows, files or shares that break the data contract
├── ConfigError        parameters that cannot work, found before anything is paid for
├── ArtifactError      an artefact directory that is missing, incomplete or damaged
├── ProofError         a proof (parity, serving contract) that came out wrong
├── ResourceError      memory, disk or a device that was not enough
└── TransientError     worth one more try: a lost connection, a locked file, a killed child
"""

import errno

_TRANSIENT_ERRNO = frozenset({errno.EAGAIN, errno.EBUSY, errno.EINTR, errno.EIO, errno.ESTALE, errno.ETIMEDOUT})


class FinetuneError(Exception):
    """Base of every error this project raises on purpose."""

    transient = False


class DataError(FinetuneError):
    """The data breaks its contract: more bad rows than allowed, nothing left, a file that cannot be read."""


class ConfigError(FinetuneError):
    """Parameters that cannot work together or do not exist. Every problem found is in the one message."""


class ArtifactError(FinetuneError):
    """An artefact directory is missing, incomplete or does not match its manifest."""


class ProofError(FinetuneError):
    """Something was measured against what it must equal, and is not equal."""


class ResourceError(FinetuneError):
    """A machine's limit was reached: memory, disk, device."""


class TransientError(FinetuneError):
    """A failure that a second try may not meet again."""

    transient = True


ERRORS_BY_NAME: dict[str, type[FinetuneError]] = {
    cls.__name__: cls
    for cls in (FinetuneError, DataError, ConfigError, ArtifactError, ProofError, ResourceError, TransientError)
}


def is_transient(error: BaseException) -> bool:
    """Return whether a retry can help: only lost connections, time-outs and busy files qualify."""
    if isinstance(error, FinetuneError):
        return error.transient
    if isinstance(error, (ConnectionError, TimeoutError)):
        return True
    return isinstance(error, OSError) and error.errno in _TRANSIENT_ERRNO
