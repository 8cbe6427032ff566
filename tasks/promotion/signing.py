"""Ed25519 signatures of a release (RFC 8032).

What is signed is `SHA256SUMS`, which has the digest of every other file. The signature lies raw in `release.sig`, so
that OpenSSL can check it without this project; the public key lies beside it as PEM.
"""

import hashlib
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from tasks.errors import ConfigError, ProofError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

KEY_VARIABLE = "FINETUNE_FLOWS_SIGNING_KEY"
ALGORITHM = "Ed25519"
SIGNATURE_FILE, PUBLIC_KEY_FILE = "release.sig", "release.pub"
_MAKE_ONE = "Make one: `(umask 077; openssl genpkey -algorithm ed25519 -out KEY.pem)`"


def signing_key() -> "Ed25519PrivateKey":
    """Return the private key whose file the environment names.

    Raises:
        ConfigError: No file is named, others can read it, or it holds no unencrypted Ed25519 key.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    path = _key_path()
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    # The library's own words may quote the file: they stay out of messages and logs.
    except TypeError:
        raise ConfigError(
            f"the key that {KEY_VARIABLE} names is encrypted, and nobody is there at night to type its password: keep "
            "it unencrypted, readable by the worker's user alone"
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        raise ConfigError(f"the file that {KEY_VARIABLE} names holds no private key in PEM. {_MAKE_ONE}") from None
    except OSError as error:
        raise ConfigError(f"the key that {KEY_VARIABLE} names cannot be read: {error.strerror}") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigError(f"the key that {KEY_VARIABLE} names is no {ALGORITHM} key. {_MAKE_ONE}")
    return key


def _key_path() -> Path:
    named = os.environ.get(KEY_VARIABLE, "")
    if not named:
        raise ConfigError(
            f"`release.sign` is on, and {KEY_VARIABLE} names no key. {_MAKE_ONE}, set the variable to its path in the "
            "worker's environment and start the worker again; or switch `release.sign` off."
        )
    path = Path(named)
    try:
        state = path.stat()
    except OSError as error:
        raise ConfigError(f"the key that {KEY_VARIABLE} names cannot be read: {error.strerror}. {_MAKE_ONE}") from None
    if not stat.S_ISREG(state.st_mode):
        raise ConfigError(f"{KEY_VARIABLE} names something that is no file. {_MAKE_ONE}")
    if state.st_mode & 0o077:
        raise ConfigError(
            f"the key that {KEY_VARIABLE} names is open to others than its owner (mode "
            f"{stat.S_IMODE(state.st_mode):04o}): `chmod 600` it, and make a new one if somebody may have read it"
        )
    if state.st_uid not in {os.geteuid(), 0}:
        raise ConfigError(f"the key that {KEY_VARIABLE} names belongs to another user than the one that signs with it")
    return path


def read_public_key(path: Path) -> "Ed25519PublicKey":
    """Return a public key from a PEM file.

    Raises:
        ConfigError: The file cannot be read, or holds no Ed25519 public key.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, UnsupportedAlgorithm):
        raise ConfigError(
            f"{path} holds no public key in PEM: `openssl pkey -in KEY.pem -pubout -out KEY.pub` writes it"
        ) from None
    if not isinstance(key, Ed25519PublicKey):
        raise ConfigError(f"{path} holds no {ALGORITHM} key")
    return key


def public_pem(key: "Ed25519PrivateKey") -> bytes:
    """Return the public half of a key as PEM."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def fingerprint(key: "Ed25519PublicKey") -> str:
    """Return `sha256:` and the digest of a public key's DER form."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return f"sha256:{hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()}"


def check_signature(key: "Ed25519PublicKey", signature: bytes, data: bytes) -> None:
    """Raise when a signature is not that of a key over some bytes.

    Raises:
        ProofError: It is not.
    """
    from cryptography.exceptions import InvalidSignature

    try:
        key.verify(signature, data)
    except InvalidSignature:
        raise ProofError(f"the signature is not that of key {fingerprint(key)} over these checksums") from None
