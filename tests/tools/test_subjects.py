import pytest

from guided_profile.tools.subjects import told


def of_the_user(text: str, *, message: bool = True) -> list[str]:
    return [piece.strip() for of, piece in told(text, message=message) if of is None]


def of_others(text: str) -> list[set[str]]:
    return [set(of) for of, _ in told(text, message=True) if of]


@pytest.mark.parametrize(
    ("text", "of"),
    [
        ("My sister Julia lives in Oslo", {"sister", "julia"}),
        ("my son has ADHD", {"son"}),
        ("my little brother studies Physics", {"brother"}),
        ("my daughter's in Calgary", {"daughter"}),
        ("My Mom drives a Tesla", {"mom"}),
        ("MY MOTHER SPEAKS POLISH", {"mother"}),
        ("My sister lives in the US", {"sister"}),
        ("my best friend Tom collects stamps", {"friend", "tom"}),
        ("Our neighbour's son plays the drums", {"neighbour"}),
        ("my friends play golf", {"friend"}),
        ("mein Nachbar hat einen Papagei", {"nachbar"}),
        ("mi vecina tiene un loro", {"vecina"}),
        ("mon voisin a un perroquet", {"voisin"}),
        ("Anna is allergic to peanuts", {"anna"}),
        ("Anna Berg lives in Porto", {"anna", "berg"}),
        ("Anna also plays golf", {"anna"}),
    ],
)
def test_a_text_may_tell_of_somebody_else(text: str, of: set[str]) -> None:
    assert of_others(text) == [of]
    assert of_the_user(text) == []


@pytest.mark.parametrize("who", "boss manager colleague coworker roommate flatmate".split())
def test_others_are_more_than_relatives(who: str) -> None:
    assert of_the_user(f"my {who} plays golf every Sunday") == []


@pytest.mark.parametrize(
    ("text", "own"),
    [
        ("my friend plays golf and I play tennis", ["I play tennis"]),
        ("My wife and I live in Oslo", ["I live in Oslo"]),
        ("My boss plays golf. Every Sunday. My dog hates him.", ["My dog hates him."]),
        ("Great evening! My sister runs marathons.", ["Great evening!"]),
        ("my sister thinks we should run", ["my sister thinks we should run"]),
        ("My boss plays golf. I wear No. 5, always", ["I wear No. 5, always"]),
        ("Delivery was fast, great running socks", [", great running socks"]),
        ("Anna is allergic to peanuts and brings her own cake", ["and brings her own cake"]),
        ("Do you have a cat? I have a parrot.", ["I have a parrot."]),
        ("I wish I had a dog, but I have two cats", ["I have two cats"]),
    ],
)
def test_what_is_told_of_the_user_stays_theirs(text: str, own: list[str]) -> None:
    assert of_the_user(text) == own


@pytest.mark.parametrize(
    "text",
    [
        "I wish I had a dog",
        "Wish I had a dog",
        "we really wish we had a dog",
        "If I had a dog, I would walk daily",
        "I'd buy a Tesla if I were rich",
        "Wenn ich einen Hund hätte",
        "Ojalá viviera en Porto",
        "Si yo tuviera un perro",
        "si j'avais un chien",
        "Do you have a cat?",
        "are you vegan",
        "Hey Tom, do you play golf?",
        "Hast du eine Katze?",
        "Haben Sie eine Katze?",
        "¿Tienes un gato?",
        "As-tu un chat ?",
    ],
)
def test_wishes_conditions_and_plain_questions_tell_of_nobody(text: str) -> None:
    assert [of for of, _ in told(text, message=True)] == [frozenset()]


@pytest.mark.parametrize(
    "text",
    [
        "My Neighbor Totoro",
        "My Neighbor Totoro (1988), two discs",
        "My Best Friend's Wedding (1997)",
        "My Cousin Vinny (1992)",
        "My Father the Hero (1994)",
        "No Country for Old Men (2007)",
        "Do You Remember Love (1984)",
        "If I Had a Million (1932)",
        "I Wish I Were a Princess",
        "Wish I Was Here (2014)",
        "my running shoes",
        "my single best run",
        "if I run more than 10 km my knee hurts",
        "Can you suggest a lunchbox idea for a 6 year old?",
        "Do you know a vet?",
        "Do you have tips for growing chilies on a balcony?",
        "Have you heard of any good climbing halls?",
        "Do you like my new bike?",
        "Breakfast is oats with berries",
        "This is a great pan",
        "Das Auto ist neu",
        "Jazz is my life",
        "Perfume No. 5, 50 ml",
    ],
)
def test_titles_requests_and_things_are_the_users_own(text: str) -> None:
    assert all(of is None for of, _ in told(text, message=True))


def test_what_has_a_category_is_not_read_for_a_name() -> None:
    assert of_the_user("Life is Sweet (1990)", message=False)
    assert of_the_user("Barbie is a princess", message=False) == ["Barbie is a princess"]
    assert of_the_user("Barbie is a princess") == []
    assert of_the_user("my brother rented Iron Pass (1988)", message=False) == []
