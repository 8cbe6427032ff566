import pytest

from tasks.screening.refusals import RULES, refusal_rule


@pytest.mark.parametrize(
    ("answer", "rule"),
    [
        ("I'm sorry, but I can't help with that.", "cannot_serve"),
        ("I\u2019m sorry, but I can\u2019t assist with that request.", "cannot_serve"),
        ("I cannot provide medical advice.", "cannot_serve"),
        ("  Unfortunately, I am unable to fulfill this request.", "cannot_serve"),
        ("I apologize, but I won't create that.", "cannot_serve"),
        ("I'm sorry for any inconvenience, but I'm afraid I'm unable to assist with that.", "cannot_serve"),
        ("I am sorry to hear that you feel so, but I am unable to provide the help you need.", "cannot_serve"),
        ("Unfortunately, I'm afraid that I cannot help with this.", "cannot_serve"),
        ("I apologize for the confusion, but I cannot create such content.", "cannot_serve"),
        ("I have to respectfully decline to answer.", "cannot_serve"),
        ("I must decline this request.", "decline"),
        ("I refuse to do that.", "decline"),
        ("Sorry, I can't do it.", "cannot_serve"),
        ("Sorry, I can't.", "sorry_i_cannot"),
        ("As an AI language model, I do not have opinions.", "as_an_ai"),
        ("I'm just an AI, so no.", "as_an_ai"),
        ("That request is against my guidelines.", "against_policy"),
        ("This violates OpenAI's usage policies.", "against_policy"),
        ("I'm not comfortable writing that.", "not_comfortable"),
        ("Es tut mir leid, aber ich kann Ihnen dabei nicht helfen.", "kann_nicht"),
        ("Leider kann ich diese Frage nicht beantworten.", "kann_nicht"),
        ("Als KI-Sprachmodell habe ich keine Meinung.", "als_ki"),
    ],
)
def test_refusals_are_known_by_their_rule(answer, rule):
    assert refusal_rule(answer) == rule


@pytest.mark.parametrize(
    "answer",
    [
        "I'm sorry for the delay; the vessel sails on Friday.",
        "I'm sorry for any inconvenience, but I'm afraid the vessel is late.",
        "I'm sorry to hear about the damage. The claim form is attached.",
        "I apologize for the confusion; I cannot find a rate in this mail.",
        "I have to decline the offer of Tuesday; Friday suits us.",
        "Sales decline in autumn.",
        "I'm afraid of heights, and I can help with that.",
        "I cannot find a booking number in this mail.",
        "Unfortunately, the carrier has delayed the vessel.",
        "I'm sorry, but I can't see an ETA in the text.",
        "The airline's AI assistant answers such questions.",
        "Es tut mir leid, das Schiff kommt später.",
        "Leider ist kein Datum genannt.",
        '{"answer": "I cannot help with that"}',
        "The guidelines say: ship by Friday.",
        "Sure. " + "x" * 300 + " I'm sorry, but I can't help.",
        "",
    ],
)
def test_answers_that_regret_or_report_are_none(answer):
    assert refusal_rule(answer) == ""


def test_every_rule_is_shown_above():
    shown = {rule for mark in test_refusals_are_known_by_their_rule.pytestmark for _answer, rule in mark.args[1]}
    assert shown == set(RULES)
