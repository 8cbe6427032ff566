import subprocess
import sys

import pytest

from tasks.ingest.languages import KNOWN, NO_LANGUAGE, check_language, detector, language_of
from tasks.ingest.reasons import BadRowError

SENTENCES = {
    "en": "The ship leaves on Monday with forty containers of coffee. Please confirm the booking.",
    "de": "Das Schiff legt am Montag mit vierzig Containern Kaffee ab. Wir bitten um Bestätigung der Buchung.",
    "fr": "Le navire part lundi avec quarante conteneurs de café. Veuillez confirmer la réservation.",
    "es": "El barco sale el lunes con cuarenta contenedores de café. Por favor confirme la reserva.",
    "it": "La nave parte lunedì con quaranta container di caffè. Si prega di confermare la prenotazione.",
    "nl": "Het schip vertrekt maandag met veertig containers koffie. Bevestig de boeking alstublieft.",
    "pt": "O navio parte na segunda-feira com quarenta contentores de café. Por favor, confirme a reserva.",
    "sv": "Fartyget avgår på måndag med fyrtio containrar kaffe. Vänligen bekräfta bokningen.",
    "pl": "Statek odpływa w poniedziałek z czterdziestoma kontenerami kawy. Proszę potwierdzić rezerwację.",
    "ru": "Судно отходит в понедельник с сорока контейнерами кофе. Пожалуйста, подтвердите бронирование.",
    "tr": "Gemi pazartesi kırk konteyner kahve ile kalkıyor. Lütfen rezervasyonu onaylayın.",
    "ja": "船は月曜日に四十個のコンテナで出港します。予約を確認してください。",
    "zh": "这艘船星期一带着四十个集装箱的咖啡出港。请确认预订。",
}


def turns(*said, roles=("user", "assistant")):
    return [{"role": role, "content": text} for role, text in zip(roles, said, strict=True)]


@pytest.mark.parametrize("code", SENTENCES)
def test_two_sentences_are_enough(code):
    assert language_of(SENTENCES[code], 0.5) == code


@pytest.mark.parametrize("text", ["", "ok", "Yes.", "42", "😀😀😀", "12345 67 89 10 11 12 13", "Grazie!"])
def test_too_little_to_judge(text):
    assert language_of(text, 0.0) == "undecided"


def test_what_is_no_language_is_undecided():
    assert language_of('{"carrier":"ZIM","pol":"Tema"}', 0.0) == "undecided"


def test_below_the_least_probability_nothing_is_said():
    _, probability = detector()(SENTENCES["sv"])
    assert language_of(SENTENCES["sv"], probability) == "sv"
    assert language_of(SENTENCES["sv"], probability + 0.001) == "undecided"


def test_question_and_answer_are_judged_by_themselves():
    en, de = SENTENCES["en"], SENTENCES["de"]
    assert check_language(turns(en, de), "", frozenset({"en", "de"}), 0.5) == "de"
    with pytest.raises(BadRowError, match="wrong_language: the answer is in 'de', asked for: en"):
        check_language(turns(en, de), "", frozenset({"en"}), 0.5)
    with pytest.raises(BadRowError, match="the question is in 'en', asked for: de"):
        check_language(turns(en, de), "", frozenset({"de"}), 0.5)
    with pytest.raises(BadRowError, match="text is in 'en', asked for: de, fr"):
        check_language([], en, frozenset({"fr", "de"}), 0.5)
    assert check_language([], en, frozenset({"en"}), 0.5) == "en"


def test_a_short_answer_to_a_clear_question_is_undecided():
    assert check_language(turns(SENTENCES["de"], "Ja."), "", frozenset({"de"}), 0.5) == "undecided"


def test_system_prompts_and_tools_may_speak_another_language():
    en, de = SENTENCES["en"], SENTENCES["de"]
    said = turns(en, de, de, en, de, roles=("system", "user", "assistant", "tool", "assistant"))
    assert check_language(said, "", frozenset({"de"}), 0.5) == "de"


def test_the_codes_are_those_that_the_detector_knows():
    assert set(detector().__self__.labels) - {NO_LANGUAGE} == KNOWN


def test_the_detector_is_loaded_only_when_it_is_asked():
    code = "import sys, tasks.ingest.collect; assert not {'py3langid', 'numpy'} & sys.modules.keys()"
    subprocess.run([sys.executable, "-c", code], check=True)
