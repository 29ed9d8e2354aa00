import numpy as np
import pytest

from guided_profile.graph.state import HistoryItem, Sentence
from guided_profile.tools.embeddings import LexicalEmbedder
from guided_profile.tools.evidence import MOST_EVIDENCE, support

HISTORY = [
    HistoryItem(text="Dark roast coffee beans, 1 kg", category="Coffee"),
    HistoryItem(text="Cast iron skillet, 26 cm", category="Kitchen"),
    HistoryItem(text="my dog Pixel ate the last sausage", source="chat"),
    HistoryItem(text="AA batteries, 12 pack", category="Electronics"),
    HistoryItem(text="you love opera, don't you?", source="chat", role="other"),
]
POSTS = [
    HistoryItem(text=text, source="posts")
    for text in ("ngl its raining again", "idk man", "cat asleep on the printer", "ok tbh same")
]


def tie(sentence: str, items: list[HistoryItem], style: bool = False) -> Sentence:
    embedder = LexicalEmbedder()
    return support(
        [sentence],
        items,
        sentence_vectors=np.asarray(embedder.embed_documents([sentence])),
        item_vectors=np.asarray(embedder.embed_documents([item.text for item in items])),
        style=style,
    )[0]


@pytest.mark.parametrize(
    ("sentence", "item"),
    [
        ("This person drinks dark roast coffee.", 0),
        ("This person has a dog named Pixel.", 2),
        ("This person cooks with a cast iron skillet.", 1),
    ],
)
def test_a_sentence_points_to_the_item_that_says_so(sentence: str, item: int) -> None:
    assert tie(sentence, HISTORY).evidence[0] == HISTORY[item].id


@pytest.mark.parametrize(
    "sentence",
    [
        "This person plays the violin in an orchestra.",
        "This person loves opera.",
        "This person is kind.",
    ],
)
def test_an_invented_sentence_has_no_evidence(sentence: str) -> None:
    assert tie(sentence, HISTORY).evidence == ()
    assert tie(sentence, HISTORY).support == 0


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
    assert len(tie(sentence, POSTS, style=True).evidence) == min(count, MOST_EVIDENCE)


def test_without_anything_the_user_wrote_nothing_is_supported() -> None:
    assert tie("This person loves opera.", HISTORY[-1:]).evidence == ()
