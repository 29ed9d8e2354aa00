from datetime import timedelta

import numpy as np
import pytest
from histories import START, monthly, tie

from guided_profile.graph.state import HistoryItem
from guided_profile.tools.embeddings import LexicalEmbedder
from guided_profile.tools.evidence import (
    MOST_EVIDENCE,
    UNRELATED,
    confidence,
    nearness,
    speaking_for,
)

HISTORY = [
    HistoryItem(text="Dark roast coffee beans, 1 kg", category="Coffee"),
    HistoryItem(text="Cast iron skillet, 26 cm", category="Kitchen"),
    HistoryItem(text="my dog Pixel ate the last sausage", source="chat"),
    HistoryItem(text="AA batteries, 12 pack", category="Electronics"),
    HistoryItem(text="you love opera, don't you?", source="chat", role="other"),
]
RUNNER = monthly(
    "Tactile switches, 70 pack",
    "Trail running shoes, size 43",
    "Hands-free running leash for dogs",
    "my sister runs marathons on asphalt. could never.",
    "left the city in March, tiny flat above a bakery now",
    "Sold all my tactile switches, linear or nothing",
    "Linear switches, 90 pack",
)
POSTS = [
    HistoryItem(text=text, source="posts")
    for text in ("ngl its raining again", "idk man", "cat asleep on the printer", "ok tbh same")
]


@pytest.mark.parametrize(
    ("sentence", "item"),
    [
        ("This person drinks dark roast coffee.", 0),
        ("This person has a dog named Pixel.", 2),
        ("This person cooks with a cast iron skillet.", 1),
        ("They bought a cast iron skillet of 26 cm.", 1),
    ],
)
def test_a_sentence_points_to_the_item_that_says_so(sentence: str, item: int) -> None:
    assert tie(sentence, HISTORY).evidence == (HISTORY[item].id,)


FILMS = [
    HistoryItem(text="The Long Night (1972)", category="Crime|Drama"),
    HistoryItem(text="Mars Station (1994)", category="Action|Sci-Fi"),
    HistoryItem(text="The Toy Soldier (1999)", category="Animation|Children"),
    HistoryItem(text="Deep Water (2001), two stars", category="Horror"),
]


@pytest.mark.parametrize(
    ("sentence", "films"),
    [
        ("This person loves action movies.", [1]),
        ("This person prefers Sci-Fi films.", [1]),
        ("They enjoy watching both crime dramas and animated films.", [0, 2]),
        ("This person enjoys animated children's movies.", [2]),
        ("This person loves horror films.", []),  # what was said of it is no praise
        ("This person loves action movies with historical elements.", []),
        ("This person loves movies.", []),
        ("This person loves children.", []),
        ("This person has seen every action movie of 1994.", []),
    ],
)
def test_a_taste_stands_on_the_categories_that_say_all_of_it(
    sentence: str, films: list[int]
) -> None:
    assert set(tie(sentence, FILMS).evidence) == {FILMS[index].id for index in films}


@pytest.mark.parametrize(
    "sentence",
    [
        "This person plays the violin in an orchestra.",
        "This person loves opera.",
        "This person is kind.",
        "This person has a dog named Rex.",
        "They bought a cast iron skillet of 28 cm.",
        "Their wife drinks dark roast coffee.",
        "They have a dog named Pixel, and work as a lawyer.",
    ],
)
def test_an_invented_sentence_has_no_evidence(sentence: str) -> None:
    assert tie(sentence, HISTORY).evidence == ()
    assert tie(sentence, HISTORY).support == 0
    assert tie(sentence, HISTORY).confidence == 0


def test_an_item_that_shares_only_a_word_is_not_cited_beside_one_that_says_it() -> None:
    assert tie("This person owns a running leash for dogs.", RUNNER).evidence == ("2",)


def test_praise_that_ends_on_a_word_of_the_history_has_no_evidence() -> None:
    praise = "They are known for their strong work ethic and dedication to their running."
    assert tie(praise, RUNNER).evidence == ()


@pytest.mark.parametrize(
    ("sentence", "evidence"),
    [
        ("This person prefers tactile switches.", ()),
        ("This person prefers linear switches.", ("6",)),
        ("They no longer use tactile switches.", ("5",)),
        ("They no longer use linear switches.", ()),
        ("This person lives in the city.", ()),
        ("They left the city.", ("4",)),
    ],
)
def test_what_a_newer_item_ends_is_no_longer_true(sentence: str, evidence: tuple[str, ...]) -> None:
    assert tie(sentence, RUNNER).evidence == evidence


def test_what_was_taken_up_again_is_true_again() -> None:
    again = monthly("Quit swimming lessons.", "Swimming lessons every Monday, I love it again.")
    assert tie("This person takes swimming lessons.", again).evidence == ("1",)
    assert tie("This person takes swimming lessons.", again[::-1]).evidence == ("1",)


def test_what_an_item_tells_of_a_relative_is_not_told_of_the_user() -> None:
    assert tie("They run marathons on asphalt.", RUNNER).evidence == ()
    assert tie("Their sister runs marathons on asphalt.", RUNNER).evidence == ("3",)
    assert tie("Their brother runs marathons on asphalt.", RUNNER).evidence == ()


@pytest.mark.parametrize(
    ("sentence", "evidence"),
    [
        ("Diese Person hat das Auto verkauft.", ("0",)),
        ("Diese Person fährt ein Auto.", ()),
        ("Sie haben eine Katze namens Minka.", ("1",)),
        ("Sie haben eine Katze namens Luna.", ()),
        ("Esta persona trabaja en una farmacia.", ("2",)),
        ("Esta persona trabaja en una panadería.", ()),
    ],
)
def test_other_languages_are_held_against_their_own_words(
    sentence: str, evidence: tuple[str, ...]
) -> None:
    items = monthly(
        "Das Auto ist verkauft.", "Unsere Katze Minka ist da.", "Trabajo en la farmacia."
    )
    assert tie(sentence, items).evidence == evidence


@pytest.mark.parametrize(
    ("sentence", "count"),
    [
        ("This person never uses capital letters.", 4),
        ("This person does not end with a full stop.", 4),
        ("This person abbreviates words, such as ngl and idk.", 3),
        ("This person uses emoji in every text.", 0),
        ("This person starts sentences with a capital letter.", 0),
        ("This person writes in lower case and uses many emoji.", 0),
    ],
)
def test_a_sentence_about_style_is_held_against_what_can_be_counted(
    sentence: str, count: int
) -> None:
    tied = tie(sentence, POSTS, style=True)
    assert len(tied.evidence) == min(count, MOST_EVIDENCE)
    assert bool(tied.confidence) == bool(count)


def test_without_anything_the_user_wrote_nothing_is_supported() -> None:
    assert tie("This person loves opera.", HISTORY[-1:]).evidence == ()


def test_confidence_grows_with_the_amount_and_falls_with_age_and_disagreement() -> None:
    assert confidence([]) == 0
    assert confidence([0.0]) == 0.5
    assert confidence([0.0, 0.0, 0.0]) == 0.75
    assert confidence([730.0]) == pytest.approx(1 / 3, abs=0.001)
    assert confidence([0.0], against=[0.0]) == pytest.approx(1 / 3, abs=0.001)
    assert confidence([0.0], against=[730.0]) == pytest.approx(0.4, abs=0.001)


def test_a_sentences_confidence_is_relative_to_the_newest_item() -> None:
    fresh = monthly("I have a green bicycle.")
    old = [*fresh, HistoryItem(text="lunch", time=START + timedelta(days=730))]
    assert tie("They have a green bicycle.", fresh).confidence == 0.5
    assert tie("They have a green bicycle.", old).confidence == pytest.approx(1 / 3, abs=0.001)
    untimed = [HistoryItem(text="I have a green bicycle.")]
    assert tie("They have a green bicycle.", untimed).confidence == 0.5


def test_what_was_given_up_once_lowers_the_confidence() -> None:
    sentence = "This person takes swimming lessons."
    again = monthly("Quit swimming lessons.", "Swimming lessons every Monday.")
    assert 0 < tie(sentence, again).confidence < tie(sentence, again[1:]).confidence


def options(chosen: int, *texts: str) -> tuple[str, ...]:
    embedder = LexicalEmbedder()
    return speaking_for(
        chosen,
        texts,
        RUNNER,
        option_vectors=np.asarray(embedder.embed_documents(list(texts))),
        item_vectors=np.asarray(embedder.embed_documents([item.text for item in RUNNER])),
    )


def test_items_speak_for_the_option_that_they_are_nearest_to() -> None:
    asked = ("Linear switches for a keyboard", "Running shoes", "A box of chocolate")
    assert options(0, *asked)[0] == "6"
    assert set(options(1, *asked)) == {"1", "2"}
    assert options(2, *asked) == ()


def test_an_item_that_ends_something_does_not_speak_for_it() -> None:
    assert set(options(0, "Tactile switches", "Bread")) == {"0", "6"}


def test_an_option_is_as_near_as_the_nearest_item_that_the_user_wrote_and_still_means() -> None:
    asked = ["Tactile switches", "a marathon on asphalt", "opera"]
    items = [
        *monthly("Tactile switches, 70 pack", "sold the tactile switches", "Running shoes"),
        HistoryItem(text="you love opera, don't you?", source="chat", role="other"),
    ]
    embedder = LexicalEmbedder()
    near = nearness(
        asked,
        items,
        option_vectors=np.asarray(embedder.embed_documents(asked)),
        item_vectors=np.asarray(embedder.embed_documents([item.text for item in items])),
        category_vectors={},
    )
    same = np.asarray(embedder.embed_documents([asked[0], items[0].text]))
    assert near[0] == pytest.approx(float(same[0] @ same[1]) - UNRELATED)  # and not the sold ones
    assert near[2] == 0.0


@pytest.mark.parametrize(
    "text",
    [
        "Gave the copper pan to my neighbour.",
        "sent the copper pan back",
        "sold the copper pan",
        "Two stars for the copper pan, it is heavy.",
        "The copper pan was a waste of money.",
        "I would not recommend this copper pan",
        "Vom Pan aus copper bin ich enttäuscht",
        "I avoid every copper pan for my allergy",
        "Is a copper pan any good?",
        "Great. Do you know a copper pan? It is for my aunt.",
        "ich koche nie in copper pan",
    ],
)
def test_what_was_given_away_or_not_liked_or_is_only_said_brings_nothing_nearer(text: str) -> None:
    embedder = LexicalEmbedder()
    vectors = np.asarray(embedder.embed_documents(["A copper pan", "a neighbour", text]))
    near = nearness(
        ["A copper pan", "a neighbour"],
        [HistoryItem(text=text)],
        option_vectors=vectors[:2],
        item_vectors=vectors[2:],
        category_vectors={},
    )
    assert float(vectors[0] @ vectors[2]) > UNRELATED
    assert near[0] == 0.0


def test_what_an_item_is_called_counts_as_much_as_what_it_says() -> None:
    items = [HistoryItem(text="Sencha, 100 g", category="green tea"), HistoryItem(text="rusks")]
    asked = ["matcha green tea", "rusks with sugar"]
    embedder = LexicalEmbedder()
    vectors = [np.asarray(embedder.embed_documents(texts)) for texts in (asked, ["green tea"])]
    near = nearness(
        asked,
        items,
        option_vectors=vectors[0],
        item_vectors=np.asarray(embedder.embed_documents([item.text for item in items])),
        category_vectors={"green tea": vectors[1][0]},
    )
    (text,), (category,) = np.asarray(embedder.embed_documents([items[0].text])), vectors[1]
    assert float(vectors[0][0] @ category) > float(vectors[0][0] @ text)
    midway = (text + category) / np.linalg.norm(text + category)
    assert near[0] == pytest.approx(float(vectors[0][0] @ midway) - UNRELATED)
