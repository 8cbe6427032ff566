"""The clients' own errors, as this project's."""

import errno

import aiohttp
import azure.core.exceptions as azure
import botocore.exceptions as boto
import google.auth.exceptions as google
import pytest
from fsspec.exceptions import FSTimeoutError
from gcsfs.retry import HttpError
from s3fs.errors import translate_boto_error

from tasks.errors import ConfigError, ResourceError, TransientError
from tasks.ingest.remote_errors import translated


def aws(code):
    return translate_boto_error(boto.ClientError({"Error": {"Code": code, "Message": "said"}}, "GetObject"))


def caused(error, cause):
    error.__cause__ = cause
    return error


TRANSIENT = [
    boto.EndpointConnectionError(endpoint_url="http://host"),
    boto.ReadTimeoutError(endpoint_url="http://host"),
    boto.IncompleteReadError(actual_bytes=1, expected_bytes=2),
    *map(aws, ("SlowDown", "InternalError", "ServiceUnavailable", "RequestTimeout", "500", "503")),
    aiohttp.ClientPayloadError("cut"),
    aiohttp.ServerDisconnectedError(),
    azure.ServiceRequestError("no route"),
    azure.ServiceResponseError("cut"),
    google.TransportError("no route"),
    caused(FileNotFoundError("not listed"), boto.EndpointConnectionError(endpoint_url="http://host")),
    HttpError({"code": 503, "message": "busy"}),
    HttpError({"code": 429, "message": "slow down"}),
    FSTimeoutError(),
    ConnectionResetError(),
    OSError(errno.ETIMEDOUT, "late"),
    caused(ValueError("wrapped"), ConnectionResetError()),
]
NOT_ALLOWED = [
    *map(aws, ("AccessDenied", "403", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken")),
    boto.NoCredentialsError(),
    boto.ProfileNotFound(profile="absent"),
    google.DefaultCredentialsError("none"),
    azure.ClientAuthenticationError("no"),
    HttpError({"code": 401, "message": "who"}),
    ValueError("Must provide either a connection_string or account_name with credentials!!"),
    caused(FileNotFoundError("gated"), PermissionError()),
]
MISSING = [
    *map(aws, ("NoSuchKey", "NoSuchBucket", "404")),
    FileNotFoundError("team/a.jsonl"),
    azure.ResourceNotFoundError("gone"),
    HttpError({"code": 404, "message": "none"}),
]


def raised(error):
    with pytest.raises(Exception) as caught, translated("s3://team/a.jsonl"):  # noqa: PT011
        raise error
    return caught.value


@pytest.mark.parametrize("error", TRANSIENT, ids=repr)
def test_worth_another_try(error):
    found = raised(error)
    assert isinstance(found, TransientError)
    assert "s3://team/a.jsonl could not be fetched" in str(found)
    assert found.__cause__ is error


@pytest.mark.parametrize("error", NOT_ALLOWED, ids=repr)
def test_not_allowed(error):
    found = raised(error)
    assert isinstance(found, ConfigError)
    assert "may not be read with the credentials at hand" in str(found)


@pytest.mark.parametrize("error", MISSING, ids=repr)
def test_not_there(error):
    found = raised(error)
    assert isinstance(found, ConfigError)
    assert "s3://team/a.jsonl is not there" in str(found)
    assert str(found).endswith("See what is there with: aws s3 ls s3://team/")


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("s3://team", "aws s3 ls s3://team/"),
        ("gs://team/mails/a.jsonl", "gcloud storage ls gs://team/mails/"),
        ("az://team/mails/a.jsonl", "az storage blob list --container-name team --prefix 'mails'"),
        ("hf://datasets/org/mails@a1/data/*.csv", "HfFileSystem().ls('datasets/org/mails@a1/data'))\""),
    ],
)
def test_the_message_says_how_to_list_what_is_there(name, command):
    with pytest.raises(ConfigError) as caught, translated(name):
        raise FileNotFoundError(name)
    assert str(caught.value).endswith(command)


def test_anything_else_would_happen_again_and_is_told_in_one_line():
    found = raised(ValueError("first\nsecond " + "x" * 5000))
    assert isinstance(found, ConfigError)
    assert "(ValueError: first second x" in str(found)
    assert len(str(found)) < 500


def test_a_full_disk_is_not_the_stores_fault():
    for number in (errno.ENOSPC, errno.EDQUOT):
        error = OSError(number, "full")
        assert raised(error) is error


def test_this_projects_own_errors_pass():
    error = ResourceError("full")
    assert raised(error) is error
