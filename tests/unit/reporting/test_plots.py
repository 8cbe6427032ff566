"""Plots are SVG that a page can hold."""

from xml.etree import ElementTree as ET

from tasks.reporting import plots

ROWS = [{"name": "<b> & $x_1$ {y}", "base": 0.25, "tuned": 0.75}, {"name": "etd", "base": None, "tuned": 1.0}]


def test_bars_show_names_as_they_are_and_both_values() -> None:
    svg = plots.paired_bars("fields", ROWS)
    texts = {element.text for element in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")}
    assert {"<b> & $x_1$ {y}", "25.0", "75.0", "not measured", "100.0"} <= texts


def test_the_same_figures_give_the_same_bytes_and_no_dates() -> None:
    first, second = plots.paired_bars("fields", ROWS), plots.paired_bars("fields", ROWS)
    assert first == second
    assert "<metadata" not in first
    assert first.startswith("<svg ")


def test_colours_are_the_pages_own() -> None:
    svg = plots.paired_bars("fields", ROWS)
    assert "var(--tuned)" in svg
    assert "currentColor" in svg
    assert "#010203" not in svg


def test_ids_of_two_plots_never_meet() -> None:
    def ids(svg: str) -> set[str]:
        return {element.attrib["id"] for element in ET.fromstring(svg).iter() if "id" in element.attrib}

    assert ids(plots.paired_bars("fields", ROWS)) & ids(plots.paired_bars("categories", ROWS)) == set()


def test_loss_curve_marks_the_step_that_was_kept() -> None:
    history = {"train": [{"step": 1, "loss": 2.0}, {"step": 2, "loss": 1.0}], "validation": [{"step": 2, "loss": 1.1}]}
    assert "kept (step 2)" in plots.loss_curve(history, best_step=2)
    assert "kept" not in plots.loss_curve({**history, "validation": []}, best_step=2)


def test_lengths_show_the_limit_only_when_it_is_near() -> None:
    audit = [{"tokens": tokens, "origin": "task"} for tokens in (10, 60, 100)]
    assert "limit (128 tokens)" in plots.lengths(audit, 128)
    assert "limit" not in plots.lengths(audit, 2048)
    assert "general rows" in plots.lengths([*audit, {"tokens": 5, "origin": "general"}])


def test_nothing_to_plot_is_no_plot() -> None:
    assert plots.paired_bars("fields", []) == ""
    assert plots.loss_curve(None) == ""
    assert plots.loss_curve({"train": [], "validation": []}) == ""
    assert plots.lengths([{"tokens": 0, "origin": "task"}]) == ""
    assert plots.duplicates(None) == ""
    assert plots.duplicates({"exact": 0}) == ""


def test_duplicates_have_a_bar_for_each_method() -> None:
    svg = plots.duplicates({"exact": 3, "minhash": 2, "embedding": 1, "conflicts": 4})
    assert all(label in svg for label in ("exact", "near (MinHash)", "paraphrase", "contradictions dropped"))
