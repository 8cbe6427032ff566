from tasks.ingest.tally import COLUMNS_COUNTED, EXAMPLES, OTHER_COLUMNS, FileCount, Tally


def test_figures_by_file_by_format_and_in_all():
    tally = Tally()
    for name, form, kept, bad in (("a", "chat", 3, 2), ("b", "completion", 1, 0), ("c", "chat", 0, 1)):
        tally.files.append(FileCount(name, form, read=kept + bad))
        for _ in range(kept):
            tally.keep(form, [])
        for row in range(bad):
            tally.refuse("bad_json" if row else "too_long", f"{name}:{row}")
    tally.keep("preference", [])
    tally.files[-1].read += 1
    summary = tally.summary()
    assert tally.counts == {"read": 8, "kept": 5, "quarantined": 3}
    assert summary["files"][0] == {
        "file": "a", "format": "chat", "read": 5, "kept": 3, "quarantined": 2,
        "reasons": {"bad_json": 1, "too_long": 1}, "converted": {},
    }  # fmt: skip
    assert summary["files"][2]["converted"] == {"preference": 1}
    assert summary["formats"] == {
        "chat": {"read": 6, "kept": 3, "quarantined": 3, "reasons": {"bad_json": 1, "too_long": 2}},
        "completion": {"read": 1, "kept": 1, "quarantined": 0, "reasons": {}},
        "preference": {"read": 1, "kept": 1, "quarantined": 0, "reasons": {}},
    }
    assert list(summary["reasons"].items()) == [("bad_json", 1), ("too_long", 2)]
    assert summary["examples"] == {"bad_json": ["a:1"], "too_long": ["a:0", "c:0"]}


def test_the_first_few_places_are_examples():
    tally = Tally([FileCount("a", "chat")])
    for row in range(2 * EXAMPLES):
        tally.refuse("bad_json", f"a:{row}")
    assert tally.examples == {"bad_json": [f"a:{row}" for row in range(EXAMPLES)]}
    assert tally.reasons["bad_json"] == 2 * EXAMPLES


def test_a_column_counts_once_for_each_row():
    tally = Tally([FileCount("a", "chat")])
    tally.keep("chat", [("column", "m"), ("column", "m"), ("language", "de")])
    tally.keep("chat", [("column", "m"), ("language", "undecided")])
    tally.keep("chat", [("column", "a"), ("language", "de")])
    assert list(tally.summary()["unread_columns"].items()) == [("m", 2), ("a", 1)]
    assert tally.summary()["languages"] == {"de": 2, "undecided": 1}


def test_columns_without_end_do_not_fill_the_memory():
    tally = Tally([FileCount("a", "chat")])
    for number in range(COLUMNS_COUNTED + 50):
        tally.keep("chat", [("column", f"c{number}")])
    tally.keep("chat", [("column", "c0")])
    assert len(tally.columns) == COLUMNS_COUNTED + 1
    assert tally.columns[OTHER_COLUMNS] == 50
    assert tally.columns["c0"] == 2
