"""Keys and signatures: good ones work here and in OpenSSL, others are refused without a word of what they hold."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from tasks.errors import ConfigError, ProofError
from tasks.promotion.build import publish
from tasks.promotion.params import PromotionParams
from tasks.promotion.registry import read_release, versions
from tasks.promotion.signing import (
    KEY_VARIABLE,
    check_signature,
    fingerprint,
    public_pem,
    read_public_key,
    signing_key,
)
from tasks.store.refs import Ref

MakeRun = Callable[..., dict[str, Ref]]
SIGN = PromotionParams(sign=True)


def write_key(path: Path, data: bytes, mode: int = 0o600) -> Path:
    path.write_bytes(data)
    path.chmod(mode)
    return path


def pem(key: Ed25519PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.fixture
def key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ed25519PrivateKey:
    """Make a key and name its file in the environment."""
    made = Ed25519PrivateKey.generate()
    monkeypatch.setenv(KEY_VARIABLE, str(write_key(tmp_path / "key.pem", pem(made))))
    return made


def test_a_release_is_signed_and_says_by_which_key(key: Ed25519PrivateKey, make_run: MakeRun, tmp_path: Path) -> None:
    folder = Path(publish("mails", make_run(), SIGN).path)
    assert read_release("mails", "v1")["signature"] == {"algorithm": "Ed25519", "key": fingerprint(key.public_key())}
    assert (folder / "release.pub").read_bytes() == public_pem(key)
    check_signature(key.public_key(), (folder / "release.sig").read_bytes(), (folder / "SHA256SUMS").read_bytes())
    for path in folder.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert pem(key) not in data
            assert str(tmp_path / "key.pem").encode() not in data


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_openssl_makes_keys_for_it_and_checks_its_signatures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_run: MakeRun
) -> None:
    private = tmp_path / "made.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", str(private)], check=True)
    private.chmod(0o600)
    monkeypatch.setenv(KEY_VARIABLE, str(private))
    folder = Path(publish("mails", make_run(), SIGN).path)
    command = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", "release.pub", "-rawin", "-in", "SHA256SUMS"]
    done = subprocess.run(
        [*command, "-sigfile", "release.sig"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert "Signature Verified Successfully" in done.stdout + done.stderr


def test_an_unsigned_release_does_not_do_where_a_signed_one_is_wanted(
    key: Ed25519PrivateKey, make_run: MakeRun
) -> None:
    assert publish("mails", make_run(), PromotionParams()).version == "v1"
    signed = publish("mails", make_run(), SIGN)
    assert (signed.version, signed.made_now) == ("v2", True)
    assert publish("mails", make_run(), SIGN).version == "v2"
    assert publish("mails", make_run(), PromotionParams()).version == "v2"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o610])
def test_a_key_that_others_may_touch_is_refused(key: Ed25519PrivateKey, tmp_path: Path, mode: int) -> None:
    (tmp_path / "key.pem").chmod(mode)
    with pytest.raises(ConfigError, match=rf"mode 0{mode:o}.*chmod 600"):
        signing_key()


BROKEN = {
    "encrypted": (
        Ed25519PrivateKey.generate().private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")
        ),
        "is encrypted",
    ),
    "another algorithm": (
        generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        "no Ed25519 key",
    ),
    "no key": (b"hunter2", "holds no private key"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_files_that_hold_no_usable_key(what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, message = BROKEN[what]
    monkeypatch.setenv(KEY_VARIABLE, str(write_key(tmp_path / "key.pem", data)))
    with pytest.raises(ConfigError, match=message) as caught:
        signing_key()
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_no_key_at_all_is_found_before_anything_is_made(monkeypatch: pytest.MonkeyPatch, make_run: MakeRun) -> None:
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    with pytest.raises(ConfigError, match=rf"{KEY_VARIABLE} names no key.*openssl genpkey"):
        publish("mails", make_run(), SIGN)
    monkeypatch.setenv(KEY_VARIABLE, "/no/such/key")
    with pytest.raises(ConfigError, match="cannot be read"):
        publish("mails", make_run(), SIGN)
    monkeypatch.setenv(KEY_VARIABLE, "/")
    with pytest.raises(ConfigError, match="no file"):
        publish("mails", make_run(), SIGN)
    assert versions("mails") == []


def test_signatures_of_others_and_over_other_bytes(key: Ed25519PrivateKey) -> None:
    signature = key.sign(b"sums")
    check_signature(key.public_key(), signature, b"sums")
    for public, data in ((Ed25519PrivateKey.generate().public_key(), b"sums"), (key.public_key(), b"summs")):
        with pytest.raises(ProofError, match="not that of key sha256:"):
            check_signature(public, signature, data)


def test_public_keys_are_read_from_pem_alone(key: Ed25519PrivateKey, tmp_path: Path) -> None:
    path = tmp_path / "key.pub"
    path.write_bytes(public_pem(key))
    assert fingerprint(read_public_key(path)) == fingerprint(key.public_key())
    with pytest.raises(ConfigError, match="openssl pkey"):
        read_public_key(tmp_path / "key.pem")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_public_key(tmp_path / "nothing")
