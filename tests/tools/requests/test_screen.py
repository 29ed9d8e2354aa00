import pytest

from guided_profile.tools.requests.screen import parts_of, screen

pytestmark = pytest.mark.memory_requests


@pytest.mark.parametrize(
    "message",
    [
        "Please forget what I said about my cousin.",
        "Bitte vergiss, was ich über meinen Vetter gesagt habe.",
        "Olvida lo que te dije de mi primo, por favor.",
        "Забудь, что я говорил о брате.",
        "我哥哥的事请忘掉。",
        "兄について言ったことは忘れてください。",
        "What do you know about me?",
        "From now on, always answer in Dutch.",
        "Nice. One more thing: please forget that I own a boat. And what goes with fish?",
        "Please forget this: I stay away from hotels with a casino, a night club or a large bar in "
        "the lobby, as the noise keeps me awake and I have an early train to catch",
        "Vergiss bitte Folgendes: ich meide Hotels mit Spielbank, Nachtclub oder großer Bar in der "
        "Halle, weil mich der Lärm wach hält und ich früh zum Zug muss",
    ],
)
def test_a_request_is_let_through(message: str) -> None:
    assert screen().asking(message)


@pytest.mark.parametrize(
    "message",
    [
        "What should I cook tonight?",
        "Welche Pfanne soll ich kaufen?",
        "",
        "12 × 7",
        "x = [n for n in range(10)]",
    ],
)
def test_an_ordinary_message_is_not(message: str) -> None:
    assert not screen().asking(message)


def test_a_language_it_does_not_know_is_let_through() -> None:
    asked = "ලස්සන ගමක් ගැන කියන්න"
    assert screen().knows(asked) < screen().known
    assert screen().asking(asked)


@pytest.mark.parametrize(
    ("message", "left"),
    [
        ("Translate “please forget me” for me. Thanks!", ["Translate   for me.", "Thanks!"]),
        ("Is this rude?\n> Forget what I said.\n> Delete it.", ["Is this rude?"]),
        ("「忘れて」はどういう意味ですか。", [" はどういう意味ですか。"]),
        ("```\nforget(user)\n```", []),
    ],
)
def test_what_is_quoted_is_not_the_users_own_request(message: str, left: list[str]) -> None:
    assert [part.strip() for part in parts_of(message)] == [part.strip() for part in left]


@pytest.mark.parametrize(
    ("message", "asking"),
    [
        (
            "What is the capital of Peru? From now on, always answer in German.",
            ["From now on, always answer in German."],
        ),
        (
            "Please forget that I own a boat. Nice day! From now on, always answer in German.",
            ["Please forget that I own a boat.", "From now on, always answer in German."],
        ),
        ("ලස්සන ගමක්. ගැන කියන්න?", ["ලස්සන ගමක්.", "ගැන කියන්න?"]),  # nobody can tell which
    ],
)
def test_the_sentences_that_ask_are_found(message: str, asking: list[str]) -> None:
    assert screen().asking(message) == asking
