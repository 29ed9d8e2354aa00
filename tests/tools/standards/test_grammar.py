"""What a grammar lets a model write: nothing that the person never writes."""

import pytest
import regex

from guided_profile.tools.standards.grammar import grammar_of
from guided_profile.tools.standards.manner import Manner

LOWER = ("no stop here", "fix the potholes", "the cat sleeps") * 3
ORDERLY = ("The gate is repaired.", "It rained, so we went in!") * 4


def passes(grammar: str, text: str) -> bool:
    """Read the grammar as llama.cpp does, as far as it goes: rules, classes, literals, repeats."""
    rules = dict(line.split(" ::= ", 1) for line in grammar.strip().splitlines())

    def read(rule: str) -> str:
        word = r'"(?:\\U[0-9A-F]{8})+"'
        rule = regex.sub(
            word,
            lambda found: "".join(
                regex.escape(chr(int(n, 16))) for n in found[0].strip('"').split("\\U")[1:]
            ),
            rule.replace('" "*', "[\\U00000020]*"),
        )
        return regex.sub(r"\\U([0-9A-F]{8})", lambda n: regex.escape(chr(int(n[1], 16))), rule)

    root = read(rules["root"].replace('" "*', "GAP")).replace(" ", "").replace("GAP", "[ ]*")
    for name in ("part", "solid"):
        root = root.replace(name, f"(?:{read(rules.get(name, '')).replace(' | ', '|')})")
    return regex.fullmatch(root, text) is not None


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("why does nobody answer", True),
        ("Why does nobody answer", False),
        ("why does nobody answer.", False),
        ("почему никто не отвечает", True),
        ("Почему никто не отвечает", False),
        ("so much for that!", False),
        ("so much for that 🎉", False),
        ("two\nlines", False),
    ],
)
def test_a_habit_of_nearly_all_texts_binds_in_every_script(text: str, fits: bool) -> None:
    grammar = grammar_of(Manner(LOWER), "Why does nobody answer?")
    assert grammar is not None
    assert passes(grammar, text) is fits


def test_a_full_stop_may_part_two_sentences_and_end_none() -> None:
    open_end = Manner(("well. that went fine", "it rained, so we went in", "so. what now") * 3)
    grammar = grammar_of(open_end, "It rained. We went in.")
    assert grammar is not None
    assert passes(grammar, "it rained. we went in")
    assert not passes(grammar, "it rained. we went in.")
    assert not passes(grammar, "it rained. we went in. ")
    assert not passes(grammar_of(open_end, "It rained.") or "", "it rained. and")
    asks = grammar_of(open_end, "Did it rain? We went in.")
    assert asks is not None
    assert passes(asks, "did it rain? we went in")
    assert not passes(asks, "did it rain? we went in. ok")


def test_addresses_and_numbers_of_the_text_pass_as_they_are() -> None:
    grammar = grammar_of(Manner(LOWER), "See www.Example.com about 3.5 litres.")
    assert grammar is not None
    assert passes(grammar, "see www.Example.com about 3.5 litres")
    assert not passes(grammar, "see www.Other.com about 3.5 litres")


def test_nothing_binds_where_no_habit_is_decisive() -> None:
    mixed = ("Well! That went fine 🎉", "it rained", "ok.", "So—what now?!")
    assert grammar_of(Manner(mixed), "It rained.") is None
    assert grammar_of(Manner(("no stop", "none here")), "It rained.") is None


def test_who_writes_orderly_keeps_capitals_and_stops() -> None:
    grammar = grammar_of(Manner(ORDERLY), "It rained.")
    assert grammar is None or passes(grammar, "It rained.")
