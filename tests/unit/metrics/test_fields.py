"""JSON objects taken apart."""

import json

import pytest

from tasks.metrics.fields import field_name, leaves, pair_lists, parse_object, path_text
from tasks.metrics.normalise import same_value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[1]",
        '"a"',
        '{"a":1',
        'Here it is: {"a":1}',
        '```json\n{"a":1}\n```',
        '{"a":1} {"a":1}',
        "{'a':1}",
        '{"a":NaN}',
        '{"a":' + "[" * 100_000,
        '{"a":' + "9" * 10_000 + "}",
    ],
)
def test_what_is_no_whole_json_object(text: str) -> None:
    assert parse_object(text) is None


def test_white_space_around_an_object_is_tolerated() -> None:
    assert parse_object(' \n{"a": 1}\t\n') == {"a": 1}


def test_leaves_in_order_with_empty_ones() -> None:
    value = {"a": 1, "b": {"c": None, "d": []}, "e": [{"f": "x"}, 2, {}]}
    found = leaves(value)
    assert {path_text(path): leaf for path, leaf in found.items()} == {
        "a": 1, "b.c": None, "b.d": [], "e[0].f": "x", "e[1]": 2, "e[2]": {},
    }  # fmt: skip
    assert list(map(path_text, found)) == ["a", "b.c", "b.d", "e[0].f", "e[1]", "e[2]"]
    assert {field_name(path) for path in found} == {"a", "b.c", "b.d", "e[].f", "e[]"}


def test_deep_babble_is_taken_apart_without_recursion() -> None:
    deep = parse_object('{"a":' * 900 + "1" + "}" * 900)
    assert deep is None or len(next(iter(leaves(deep)))) == 900
    nested: object = 1
    for _ in range(5000):
        nested = {"a": nested}
    assert len(next(iter(leaves(nested)))) == 5000


def pair(expected: object, found: object) -> object:
    return pair_lists(expected, found, lambda _path, one, other: same_value(one, other))


def test_lists_are_paired_by_most_equal_leaves() -> None:
    expected = {"lines": [{"sku": "A", "n": 1}, {"sku": "B", "n": 2}, {"sku": "C", "n": 3}]}
    found = {"lines": [{"sku": "c", "n": 3}, {"sku": "A", "n": 9}, {"sku": "B", "n": 2}]}
    assert pair(expected, found) == {"lines": [{"sku": "A", "n": 9}, {"sku": "B", "n": 2}, {"sku": "c", "n": 3}]}


def test_the_pairing_is_the_best_of_all_not_the_first_that_fits() -> None:
    # The first expected element agrees with both; only by giving it the second one do all find a partner.
    expected, found = [{"a": 1, "b": 2}, {"a": 1, "b": 3}], [{"a": 1, "b": 3}, {"a": 1, "b": 9}]
    assert pair(expected, found) == [{"a": 1, "b": 9}, {"a": 1, "b": 3}]


def test_elements_without_a_partner() -> None:
    more = pair([1, 2], [3, 2, 1])
    assert more == [1, 2, 3]
    fewer = leaves(pair({"a": [1, 2, 3]}, {"a": [3]}))
    assert {path_text(path): leaf for path, leaf in fewer.items()} == {"a[2]": 3}
    assert pair([[1, 2], [3]], [[3], [2, 1]]) == [[1, 2], [3]]
    assert json.dumps(pair([], [1])) == "[1]"
