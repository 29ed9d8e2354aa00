"""What is shortened or shouted, in many languages, and what only looks like it."""

from collections.abc import Callable

import pytest

from guided_profile.tools.evidence.abbreviations import abbreviations, left_out, shouted


@pytest.mark.parametrize(
    ("find", "text", "found"),
    [
        (abbreviations, "idk tbh lol", ["idk", "tbh", "lol"]),
        (abbreviations, "Thx r u ok", ["thx", "r", "u"]),
        (abbreviations, "slt tkt mdr", ["slt", "tkt", "mdr"]),
        (abbreviations, "vllt спс хз", ["vllt", "спс", "хз"]),
        (abbreviations, "ㅇㅇ ㅋㅋ", ["ㅇㅇ"]),
        (abbreviations, "Mr Smith, z.B. bzw. das TV; 5 km, hmm pff c'est l'eau", []),
        (abbreviations, "Bolí mě prst, skrz krk", []),
        (abbreviations, "idem u grad s njom, к вам с ним", []),
        (shouted, "That is the BEST", ["BEST"]),
        (shouted, "I am SO happy! ОЧЕНЬ", ["SO", "ОЧЕНЬ"]),
        (shouted, "The USA, HTML and a TV, LOL", []),
        (left_out, "dont know, im not, thats it", ["dont know", "im not", "thats"]),
        (left_out, "le livre dont je parle, im Haus", []),
    ],
)
def test_what_is_shortened_is_told_from_what_is_shouted(
    find: Callable[[str], list[str]], text: str, found: list[str]
) -> None:
    assert find(text) == found
