"""What an item says, of whom, and whether it is still so, as evidence for a sentence."""

import numpy as np
import pytest
from histories import monthly, tie

from guided_profile.graph.state import HistoryItem
from guided_profile.tools.embeddings import LexicalEmbedder
from guided_profile.tools.evidence import touched


def test_a_relatives_taste_is_no_evidence_of_ones_own() -> None:
    def rented(who: str) -> list[HistoryItem]:
        return [HistoryItem(text=f"{who} rented Iron Pass (1988)", category="Western")]

    assert tie("This person loves western movies.", rented("I")).evidence
    assert not tie("This person loves western movies.", rented("My brother")).evidence


def test_a_title_that_names_a_relative_or_a_friend_is_a_film_that_the_user_watched() -> None:
    films = [
        HistoryItem(text="My Neighbor Totoro (1988)", category="Animation"),
        HistoryItem(text="My Cousin Vinny (1992)", category="Animation"),
        HistoryItem(text="Hell is for Heroes", category="Animation"),
        HistoryItem(text="No Country for Old Men (2007)", category="Animation"),
    ]
    for film in films:
        assert tie("This person enjoys animation films.", [film]).evidence == (film.id,)


@pytest.mark.parametrize(
    ("text", "claim", "of_them"),
    [
        ("My sister Julia lives in Oslo", "This person lives in Oslo.", "Julia lives in Oslo."),
        (
            "my mother speaks fluent Polish",
            "This person speaks fluent Polish.",
            "Their mother speaks fluent Polish.",
        ),
        ("my son has ADHD", "This person has ADHD.", "Their son has ADHD."),
        (
            "my friend is a vegan chef",
            "This person is a vegan chef.",
            "They have a friend who is a vegan chef.",
        ),
        (
            "my boss plays golf every Sunday",
            "This person plays golf every Sunday.",
            "Their boss plays golf every Sunday.",
        ),
        (
            "Anna is allergic to peanuts",
            "This person is allergic to peanuts.",
            "Their friend Anna is allergic to peanuts.",
        ),
        (
            "I'm tired; my husband is allergic to shellfish",
            "This person is allergic to shellfish.",
            "Their husband is allergic to shellfish.",
        ),
        ("I wish I had a dog", "This person has a dog.", "They wish they had a dog."),
        (
            "if I had a motorbike I would ride it daily",
            "This person has a motorbike.",
            "They would ride a motorbike daily.",
        ),
    ],
)
def test_what_is_no_fact_of_the_user_supports_none(text: str, claim: str, of_them: str) -> None:
    assert tie(claim, monthly(text)).evidence == ()
    assert tie(of_them, monthly(text)).evidence == ("0",)


def test_what_is_told_beside_it_is_still_the_users() -> None:
    both = monthly("my friend plays golf and I play tennis, we hate jazz")
    assert tie("This person plays tennis.", both).evidence == ("0",)
    assert tie("This person plays golf.", both).evidence == ()
    assert tie("This person loves jazz.", both).evidence == ()


def test_a_question_to_somebody_else_supports_nothing() -> None:
    assert tie("This person has a cat.", monthly("Do you have a cat?")).evidence == ()
    told = monthly("Do you have a cat? I have a parrot.")
    assert tie("This person has a parrot.", told).evidence == ("0",)
    assert tie("This person has a cat.", told).evidence == ()


def test_what_another_likes_is_no_interest_of_the_users() -> None:
    likes = ("enjoys golfing", "also enjoys golfing")
    own = monthly(*(f"this person {what}" for what in likes))
    others = monthly(*(f"my boss {what}" for what in likes))
    assert tie("This person enjoys golfing.", own).evidence == ("0", "1")
    assert tie("This person enjoys golfing.", others).evidence == ()


def test_the_category_of_an_item_is_what_the_user_did() -> None:
    bought = HistoryItem(text="my boss drinks tea. I take dark roast", category="Coffee")
    assert tie("This person drinks dark roast coffee.", [bought]).evidence == (bought.id,)


def test_a_wish_touches_what_is_asked_and_a_friends_dog_does_not() -> None:
    def touches(text: str) -> bool:
        asked = ["I had a dog"]
        vectors = np.asarray(LexicalEmbedder().embed_documents([*asked, text]))
        return touched(asked, monthly(text), asked_vectors=vectors[:1], item_vectors=vectors[1:])

    assert touches("I wish I had a dog")
    assert not touches("my friend had a dog")


def test_what_another_sold_the_user_may_still_have() -> None:
    bike = monthly("a new bike, green", "My sister sold her bike. My new helmet is green.")
    assert "0" in tie("This person has a new green bike.", bike).evidence
    assert tie("Their sister sold her bike.", bike).evidence == ("1",)


@pytest.mark.parametrize(
    ("text", "claim", "what_is"),
    [
        ("My dog died last week", "This person has a dog.", "Their dog died."),
        ("My bike was stolen on Tuesday", "This person owns a bike.", "Their bike was stolen."),
        (
            "the espresso machine is broken since May",
            "This person has an espresso machine.",
            "Their espresso machine is broken.",
        ),
        ("I used to smoke cigars", "This person smokes cigars.", "They used to smoke cigars."),
        ("I hardly ever eat meat", "This person eats meat.", "They rarely eat meat."),
        ("I detest jazz", "This person loves jazz.", "This person detests jazz."),
    ],
)
def test_what_is_over_supports_that_it_is(text: str, claim: str, what_is: str) -> None:
    assert tie(claim, monthly(text)).evidence == ()
    assert tie(what_is, monthly(text)).evidence == ("0",)


def test_a_number_that_is_called_no_denies_nothing() -> None:
    bought = monthly("Perfume No. 5, 50 ml", "Bass strings no 7, nickel", "no milk, thanks")
    assert tie("This person uses the perfume No. 5.", bought).evidence == ("0",)
    assert tie("This person plays bass strings no 7.", bought).evidence == ("1",)
    assert tie("This person takes no milk.", bought).evidence == ("2",)
    assert not tie("This person drinks milk.", bought).evidence
