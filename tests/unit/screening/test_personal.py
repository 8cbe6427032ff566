import json
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import luhn

from tasks.screening.params import KINDS, ScreeningParams
from tasks.screening.personal import finder
from tasks.settings import PROJECT_ROOT


def found(text, **params):
    return [(span.kind, text[span.start : span.end]) for span in finder(ScreeningParams(**params))(text)]


KNOWN = [
    ("write to Ann.Lee+x@mail.example.co.uk.", "EMAIL", "Ann.Lee+x@mail.example.co.uk"),
    ('{"to":"bo@example.com"}', "EMAIL", "bo@example.com"),
    ("call +49 30 901820 now", "PHONE", "+49 30 901820"),
    ("card 4111 1111 1111 1111 ok", "CREDIT_CARD", "4111 1111 1111 1111"),
    ("amex 378282246310005", "CREDIT_CARD", "378282246310005"),
    ("IBAN DE89 3704 0044 0532 0130 00 AND MORE", "IBAN", "DE89 3704 0044 0532 0130 00"),
    ("GB82WEST12345698765432, thanks", "IBAN", "GB82WEST12345698765432"),
    ("from 8.8.8.8 at", "IP", "8.8.8.8"),
    ("from 2001:4860:4860::8888 at", "IP", "2001:4860:4860::8888"),
    ("SSN 536-90-4399.", "SSN", "536-90-4399"),
]


@pytest.mark.parametrize(("text", "kind", "value"), KNOWN)
def test_known_values_are_found_whole(text, kind, value):
    assert found(text) == [(kind, value)]


@pytest.mark.parametrize(("text", "kind", "value"), KNOWN)
def test_a_kind_that_is_not_asked_for_is_not_looked_for(text, kind, value):
    assert found(text, kinds=tuple(other for other in KINDS if other != kind)) == []


@pytest.mark.parametrize(
    "text",
    [
        "Booking MSCU1234565 and DNB624104, containers FSCU1436133 TGHU 765432 1, seal 00482913",
        "ETD 2026-05-01, ETA 12/05/2026 or 12.05.2026, 20260512, 14:30, +14 days",
        "USD 1,115.00 or EUR 4674.50, 16850 kg, HS 8471.30.01, B/L 405728854, AWB 020-12345675",
        "order 4111111111111112, card-like 0000 0000 0000 0000, PO 5500000000000005",
        "IBAN DE00 3704 0044 0532 0130 00, ref DE89X, XX82WEST12345698765432",
        "between +49 30 and +49 20 degrees",
        "version 1.2.3.400, host 10.0.0.1 and 192.168.1.20, std::vector, 12:30:45, fe80::1",
        "part 000-12-3456, 666-12-3456, 12-345-67-89, 1-536-90-4399-2, 536904399",
        "@home, me@, see @ref, a@b, price@2",
    ],
)
def test_business_numbers_are_not_personal(text):
    assert found(text) == []


def test_local_numbers_count_only_where_their_country_is_named():
    text = "Call (650) 253-0000 today"
    assert found(text) == []
    assert found(text, phone_regions=("US",)) == [("PHONE", "(650) 253-0000")]
    assert found("rate 1,115.00 on 2026-05-01", phone_regions=("US",)) == []
    assert found("am 08.10.2026 und 06.04.2026", phone_regions=("DE",)) == []


def test_a_number_found_with_and_without_its_country_is_one():
    assert found("+1 650-253-0000", phone_regions=("US",)) == [("PHONE", "+1 650-253-0000")]


def test_spellings_of_one_value_have_one_form():
    text = "A@B.example a@b.example +49 30 901820 +4930901820 DE89370400440532013000 DE89 3704 0044 0532 0130 00"
    values = [(span.kind, span.value) for span in finder(ScreeningParams())(text)]
    assert len(values) == 6
    assert len(set(values)) == 3


@given(st.from_regex(r"4[0-9]{14}", fullmatch=True))
def test_one_of_ten_check_digits_makes_a_card(digits):
    right = luhn.calc_check_digit(digits)
    cards = [last for last in "0123456789" if found(f"no {digits}{last}.", kinds=("CREDIT_CARD",))]
    assert cards == ([] if set(digits + right) == {"4"} else [right])


def test_every_address_of_a_long_list_is_found_in_time():
    addresses = [f"user.{number}@host{number}.example.org" for number in range(2000)]
    text = "=" * 30_000 + ", ".join(addresses) + "@" * 2000
    started = time.perf_counter()
    assert [value for _, value in found(text, kinds=("EMAIL",))][1:] == addresses[1:]
    assert time.perf_counter() - started < 5


def readable(line):
    try:
        return json.loads(line)
    except ValueError:
        return None


def strings(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from strings(inner)


def test_no_false_alarm_in_business_mails():
    """The demo's mails hold invented phone numbers of one form, and nothing else that is personal."""
    data = PROJECT_ROOT / "deployments" / "demo" / "data"
    lines = (data / "mails-chat.jsonl").read_bytes().splitlines() + (data / "heldout.jsonl").read_bytes().splitlines()
    texts = [text for line in lines for text in strings(readable(line))]
    texts += [text for row in json.loads((data / "mails-archive.json").read_bytes()) for text in strings(row)]
    find = finder(ScreeningParams())
    alarms = [(span.kind, text[span.start : span.end]) for text in texts for span in find(text)]
    assert len(texts) > 4000
    assert len(alarms) > 20
    assert all(kind == "PHONE" and re.fullmatch(r"\+\d\d \d{3} \d{4}", value) for kind, value in alarms)
