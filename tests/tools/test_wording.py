import pytest

from guided_profile.tools.wording import denied_words, denies, telling_words


@pytest.mark.parametrize(
    ("text", "over"),
    [
        ("My dog died last week", "dog"),
        ("my cat passed away yesterday", "cat"),
        ("the van broke down near Porto", "van"),
        ("my phone is dead again", "phone"),
        ("My bike was stolen on Tuesday", "bike"),
        ("had my bike stolen in Porto", "bike"),
        ("the espresso machine is broken since May", "espresso machine"),
        ("The car was sold last month", "car"),
        ("Das Auto ist verkauft seit Mai", "auto"),
        ("Mein Hund ist vorige Woche gestorben", "hund"),
        ("La bici fue robada en Porto", "bici"),
        ("Notre chat est mort en mai", "chat"),
    ],
)
def test_of_what_is_gone_the_words_before_are_denied(text: str, over: str) -> None:
    denied = denied_words(text)
    assert telling_words(over) <= denied
    assert not telling_words("week Porto Tuesday May month Mai") & denied


@pytest.mark.parametrize(
    ("text", "over"),
    [
        ("I broke my leg", "leg"),
        ("thieves have stolen my bike", "bike"),
        ("fixing a broken espresso machine", "espresso machine"),
        ("Sold all my tactile switches", "tactile switches"),
        ("I died laughing", "laughing"),
    ],
)
def test_of_what_somebody_ends_the_words_after_are_denied(text: str, over: str) -> None:
    assert telling_words(over) <= denied_words(text)
    assert not telling_words("thieves fixing") & denied_words(text)


@pytest.mark.parametrize(
    ("text", "over"),
    [
        ("I used to smoke cigars", "smoke cigars"),
        ("We also used to smoke cigars", "smoke cigars"),
        ("Used to smoke cigars", "smoke cigars"),
        ("This person used to smoke cigars.", "smoke cigars"),
        ("I hardly ever eat meat", "meat"),
        ("I barely drink coffee", "coffee"),
        ("I rarely drink coffee", "coffee"),
        ("we seldom watch films", "films"),
        ("I detest jazz", "jazz"),
        ("she loathes jazz", "jazz"),
        ("I despise jazz", "jazz"),
        ("nobody in my family plays piano", "piano"),
        ("I neither own nor want a car", "car"),
        ("Ich trinke kaum Kaffee", "kaffee"),
        ("hier trinkt niemand Kaffee", "kaffee"),
        ("nadie toma café", "café"),
        ("apenas como carne", "carne"),
        ("je mange rarement du fromage", "fromage"),
    ],
)
def test_what_was_given_up_or_hardly_is_denied(text: str, over: str) -> None:
    assert telling_words(over) <= denied_words(text)


@pytest.mark.parametrize(
    "text",
    [
        "I am used to spicy food",
        "I'm quite used to spicy food",
        "a carbon pan used to fry fish",
        "I barely finished the Berlin marathon",
        "Barely used road bike, carbon",
        "I can hardly wait for the jazz concert",
        "I rarely miss a yoga class",
        "Barely There women's tights",
        "Nobody's Fool (1994)",
        "Rosencrantz and Guildenstern Are Dead (1990)",
    ],
)
def test_what_only_sounds_like_an_end_denies_nothing(text: str) -> None:
    assert not denies(text)
    assert not denied_words(text)
