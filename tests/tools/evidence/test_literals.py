from datetime import UTC, datetime

import pytest

from guided_profile.graph.records import HistoryItem
from guided_profile.tools.evidence.literals import missing_literals

ITEMS = [
    HistoryItem(text="my cat Miso sleeps, says Anna; 3 bowls a day, 2.5 kg"),
    HistoryItem(
        text="a ticket",
        source="Deutsche Bahn",
        category="Travel",
        time=datetime(2024, 5, 17, tzinfo=UTC),
    ),
]


@pytest.mark.parametrize(
    ("sentence", "names"),
    [
        ("This person has a cat named Miso.", ()),
        ("This person has a cat named Minka.", ("Minka",)),
        ("This person has a dog, Bruno, and a cat, Minka, not Bruno.", ("Bruno", "Minka")),
        ("This person knows Anna's cat.", ()),  # an ending may differ
        ("Minka is their cat.", ()),  # what begins a sentence has a capital anyhow
        ("They are at home. Minka is their cat.", ()),
        ("This person went by Deutsche Bahn in 2024 for Travel.", ()),  # all that a line shows
        ("They feed it 3 times, 2.5 kg.", ()),
        ("They feed it 7 times, 20 grams, 0 of them wet.", ("7", "20", "0")),  # parts of a date
        ("They feed it 2,75 kg since 2019.", ("2,75", "2019")),
        ("This Person Loves Trains And Cats.", ()),  # a headline's capitals tell nothing
        ("Diese Person mag Züge, Katzen und Bücher.", ()),  # German capitalizes its nouns
        ("This person likes plan B.", ()),  # a letter is no name
        ("", ()),
    ],
)
def test_names_and_numbers_that_stand_in_no_item_are_found(
    sentence: str, names: tuple[str, ...]
) -> None:
    assert missing_literals(sentence, ITEMS) == names


@pytest.mark.parametrize(
    ("sentence", "text", "names"),
    [
        ("Эта женщина живёт в городе Казани.", "живу в казани", ()),
        ("Эта женщина живёт в городе Казани.", "живу в москве", ("Казани",)),
        ("Αυτό το άτομο ζει στην Αθήνα εδώ και χρόνια.", "ζω στην αθήνα", ()),
        ("Αυτό το άτομο ζει στην Αθήνα εδώ και χρόνια.", "ζω στη Ρόδο", ("Αθήνα",)),
        ("Cette personne habite près de Île-d’Yeu depuis toujours.", "île-d’yeu !", ()),
        ("この人は2019年から東京に住んでいる。", "東京に住んでいる、2019年から", ()),
        ("この人は2019年から東京に住んでいる。", "東京に住んでいる", ("2019",)),
        ("この人は２０１９年から住んでいる。", "2019年から", ()),
        ("هذا الشخص لديه ٣ قطط.", "لدي قطط", ("٣",)),
        ("यह व्यक्ति दिल्ली में रहता है।", "मैं मुंबई में रहता हूँ", ()),  # no capitals, no names
    ],
)
def test_other_scripts_have_names_and_numbers_too(
    sentence: str, text: str, names: tuple[str, ...]
) -> None:
    assert missing_literals(sentence, [HistoryItem(text=text)]) == names


def test_of_no_items_everything_is_unseen() -> None:
    assert missing_literals("This person has a cat, Miso, and 2 dogs.", []) == ("2", "Miso")
