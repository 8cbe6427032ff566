import time

import pytest

from tasks.screening.credentials import SecretFinder

A20 = "Zq7" + "kR2mX9pL4vB8nC1tY"
A40 = A20 + "w5Hd3Jf6Gs0QaUe7Kz1M"
HEX = "9f86d081884c7d659a2feaa0c55ad015"
# Written in parts: what looks like a secret must not stand in a repository.
TOKENS = {
    "aws": "AKIA" + "QWERTYUIOPASDFGH",
    "artifactory": "AKC" + "p8abcdefghij",
    "azure": "AccountKey=" + A40 + A40 + "abcdef+/",
    "github": "ghp_" + "x1" + A40[:34],
    "gitlab": "glpat-" + A20,
    "jwt": "eyJhbGciOiJIUzI1NiJ9" + ".eyJzdWIiOiIxMjM0In0" + "." + "sgn_4Fw-pMeJf36POk6yJV",
    "mailchimp": HEX + "-us12",
    "npm": "//registry.npmjs.org/:_authToken=" + "npm_" + A20,
    "openai": "sk-" + A20 + "T3BlbkFJ" + A20,
    "pypi": "pypi-AgEIcHlwaS5vcmc" + A40 + A40,
    "sendgrid": "SG." + A20 + "ab." + A40 + "abc",
    "slack": "xoxb-" + "1234567890-0987654321-" + A20,
    "square": "sq0csp-" + A40 + "abc",
    "stripe": "sk_live_" + A20 + "abcd",
    "telegram": "110201543:" + "AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw1",
    "twilio": "AC" + HEX,
    "basic_auth": "https://ann:" + "s3cret9" + "@example.com",
    "discord": "M" + A20 + "Zq7kR" + ".abcDE1." + A20 + "abcdefg",
}


def found(text, *, high_entropy=False):
    return [text[span.start : span.end] for span in SecretFinder(high_entropy=high_entropy)(text)]


@pytest.mark.parametrize("name", TOKENS)
def test_each_family_of_tokens_is_found_to_its_end(name):
    token = TOKENS[name]
    text = f"Hi,\nplease use {token} for now.\nThanks"
    spans = list(SecretFinder(high_entropy=False)(text))
    assert spans
    masked = text
    for span in sorted(spans, reverse=True):
        masked = masked.replace(text[span.start : span.end], "*")
    secret = token.rpartition("=")[2] if name == "npm" else token.partition("@")[0].rpartition(":")[2][-12:]
    assert secret not in masked
    assert masked.endswith(" for now.\nThanks")


def test_a_private_key_is_found_with_its_body():
    key = "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIEow\nAbCd\n-----END RSA PRIVATE KEY-----"
    assert key in found(f"here:\n{key}\nbye")
    cut = "-----BEGIN " + "PRIVATE KEY-----\nMIIEow\nAbCd"
    assert cut in found(cut)
    assert cut in found(f'{{"key": "{cut}"}}')


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('password = "correct horse"', "correct horse"),
        ("API_KEY=a1b2c3d4e5", "a1b2c3d4e5"),
        ('{"db_password": "tr0ub4dor"}', "tr0ub4dor"),
        ("Password: hunter22", "hunter22"),
    ],
)
def test_named_values_are_found(text, value):
    assert value in found(text)


@pytest.mark.parametrize(
    "text",
    [
        "The secret: keep calm and carry on. Password: please reset it",
        "password = os.environ['DB_PASSWORD']",
        'password = "${DB_PASSWORD}" and secret_key: {{ key }}',
        "the keys are with the doorman, the monkey too; passwords matter",
        '{"carrier":"Maersk","booking":"DNB624104","etd":"2026-05-01","rate":4674.5}',
        "documentation_for_the_internationalization of https://example.com/a/very/long/path/index.html",
        "====================================\n------------------------------------",
        "password=<passw0rd1> api_key={api_key_1}",
        "password: abcdefghij",
        "",
    ],
)
def test_prose_code_and_business_data_hold_no_secret(text):
    assert found(text) == []


def test_random_strings_count_only_where_asked_for():
    text = f'sha = "{HEX}", booking "ADF674053x", uuid "123e4567-e89b-12d3-a456-426614174000", "aaaaaaaaaaaaaaaa"'
    assert found(text) == []
    assert found(text, high_entropy=True) == [HEX]


def test_every_place_of_a_value_in_a_line_is_found():
    assert found('password = "correct horse" # "correct horse"') == ["correct horse", "correct horse"]


def test_a_long_text_takes_no_time():
    text = ("password " * 500 + "x" * 3000 + "://" + ":" * 300 + "\n") * 5
    started = time.perf_counter()
    found(text)
    assert time.perf_counter() - started < 3
