from typing import Any

import pytest

from guided_profile.evals.online.rules import found_in, read

PROFILE = {
    "sentences": [
        {"text": "Drinks oolong with honey.", "evidence": ["1"], "use": "topical"},
        {"text": "Takes lithium against depression.", "evidence": ["2"], "use": "private"},
        {"text": "Wants replies below forty words.", "evidence": ["3"], "use": "always"},
        {"text": "Owns a yacht.", "evidence": [], "use": "topical"},
    ]
}
TEA, ILLNESS, SHORT, YACHT = (sentence["text"] for sentence in PROFILE["sentences"])


def run(question: str, **answer: Any) -> dict[str, Any]:
    said = {"kind": "answered", "profile": PROFILE, "used": [], "missed": [], "evidence": []}
    return {"inputs": {"question": question}, "outputs": {"answer": said | answer}}


def scores(traced: dict[str, Any]) -> dict[str, float | None]:
    return {key: score for key, (score, _) in found_in(traced).items()}


@pytest.mark.parametrize(
    ("reason", "question", "right"),
    [
        ("no_history", "Which tea?", 1),
        ("cut_off", "Which tea?", 0),
        ("empty", "Which tea?", 0),
        ("no_option", "Which tea?", 0),
        ("not_in_history", "What is my sister called?", 1),
        ("declined", "What is my sister called?", 1),
        ("not_in_history", "How do I drink my oolong?", None),  # the profile speaks of that
        ("low_confidence", "What is my sister called?", None),
    ],
)
def test_an_abstention_is_right_where_nothing_speaks_against_it(
    reason: str, question: str, right: float | None
) -> None:
    found = scores(run(question, kind="abstained", reason=reason))
    assert found.get("abstention") == right
    assert found["abstained"] == 1
    assert found["doubt"] == (right is None)
    assert "restraint" not in found


@pytest.mark.parametrize(
    ("answer", "right", "doubt"),
    [
        ({"evidence": ["1"], "confidence": 0.9}, 1, 0),
        ({"evidence": ["1"]}, 1, 0),
        ({"evidence": ["1"], "confidence": 0.4}, None, 1),
        ({"confidence": 0.9}, None, 0),  # a question to anybody
        ({"evidence": ["1"], "confidence": 0.4, "probabilities": dict.fromkeys("ABCD", 0)}, 1, 0),
        (
            {"evidence": ["1"], "confidence": 0.26, "probabilities": dict.fromkeys("ABCD", 0)},
            None,
            1,
        ),
    ],
)
def test_an_answer_of_low_probability_is_doubtful(
    answer: dict[str, Any], right: float | None, doubt: float
) -> None:
    found = scores(run("Which tea?", text="Oolong.", **answer))
    assert (found["abstained"], found.get("abstention"), found["doubt"]) == (0, right, doubt)


@pytest.mark.parametrize(
    ("question", "used", "reply", "restrained", "doubt"),
    [
        ("How late is it?", [], "Ten.", 1, 0),
        ("How do I drink my oolong?", [TEA], "With honey, as you like oolong.", 1, 0),
        ("How late is it?", [TEA], "Ten.", 1, 0),  # it stood there, and was not brought up
        ("How late is it?", [TEA], "Ten, time for oolong with honey!", None, 1),
        ("How late is it?", [SHORT], "Ten, below forty words.", 1, 0),
        ("How late is it?", [ILLNESS], "Ten. Did you take lithium for your depression?", 0, 0),
        ("How late is it?", [ILLNESS], "Ten.", None, 1),
        ("Is lithium a metal?", [ILLNESS], "Yes, lithium is one.", 1, 0),
        ("How late is it?", [YACHT], "Ten.", 1, 1),  # nothing supports it
    ],
)
def test_what_is_brought_up_unasked_is_no_restraint(
    question: str, used: list[str], reply: str, restrained: float | None, doubt: float
) -> None:
    found = scores(run(question, used=used, text=reply))
    assert (found.get("restraint"), found["doubt"]) == (restrained, doubt)


@pytest.mark.parametrize(
    ("sentence", "asked", "unasked"),
    [
        ("喜欢喝乌龙茶。", "乌龙茶怎么泡？", "现在几点？"),
        ("कमल को अदरक वाली चाय पसंद है।", "अदरक कहाँ मिलेगा?", "कितने बजे हैं?"),
        ("يحب القهوة بالهيل.", "أين أجد القهوة الجيدة؟", "كم الساعة؟"),
        ("Trinkt morgens Haferkaffee.", "Wo gibt es guten Haferkaffee?", "Wie spät ist es?"),
    ],
)
def test_words_are_compared_in_every_script(sentence: str, asked: str, unasked: str) -> None:
    for question, restrained in ((asked, 1), (unasked, None)):
        found = scores(run(question, used=[sentence], text=sentence))
        assert found.get("restraint") == restrained, question


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        ({"used": [SHORT], "missed": []}, 1),
        ({"used": [SHORT], "missed": [SHORT]}, 0),
        ({"used": [], "missed": []}, None),  # there was nothing to keep to
    ],
)
def test_what_review_counted_says_whether_the_profile_is_kept_to(
    answer: dict[str, Any], kept: float | None
) -> None:
    assert scores(run("Why?", text="So.", **answer)).get("keeps-to-profile") == kept


MARK = {"used": [TEA], "always": [], "held_back": [], "personalized": True}
AI = {"content": "Ten, time for oolong with honey!", "response_metadata": {"guided_profile": MARK}}


@pytest.mark.parametrize(
    "messages",
    [
        [{"type": "ai", **AI}],
        [{"role": "assistant", **AI}],
        [{"lc": 1, "type": "constructor", "id": ["x", "AIMessage"], "kwargs": AI}],
        [{"type": "ai", **AI, "content": [{"type": "text", "text": AI["content"]}]}],
    ],
)
@pytest.mark.parametrize(
    "asked",
    [
        {"type": "human", "content": "How late is it?"},
        ["user", "How late is it?"],
        {"lc": 1, "id": ["HumanMessage"], "kwargs": {"content": "How late is it?"}},
    ],
)
def test_an_agents_answer_is_read_in_every_form(messages: list[Any], asked: Any) -> None:
    found = scores({"inputs": {"messages": [asked]}, "outputs": {"messages": [asked, *messages]}})
    assert found == {"doubt": 1}  # a host's model does not abstain by rule


def test_of_a_hidden_trace_the_figures_are_left() -> None:
    def hidden(**noted: Any) -> dict[str, float | None]:
        named = {f"guided_profile_{name}": value for name, value in noted.items()}
        return scores({"inputs": {}, "outputs": {}, "extra": {"metadata": named}})

    answered = {"abstention": None, "confidence": 0.9, "tries": 0, "missed": 0, "used": 2}
    assert hidden(**answered) == {
        "abstained": 0,
        "abstention": 1,
        "keeps-to-profile": 1,
        "doubt": 0,
    }
    assert hidden(**answered | {"used": 0, "missed": 1})["restraint"] == 1
    assert hidden(**answered | {"missed": 1})["keeps-to-profile"] == 0
    assert hidden(**answered | {"confidence": 0.2})["doubt"] == 1
    declined = {"abstention": "not_in_history", "tries": 1, "confidence": None}
    assert hidden(**declined) == {"abstained": 1, "doubt": 1}


@pytest.mark.parametrize(
    "traced",
    [
        {},
        {"inputs": None, "outputs": None, "extra": None},
        {"outputs": {"messages": [{"type": "ai", "content": "Hello."}]}},
        {"outputs": {"messages": ["nonsense", 3, None]}},
        {"outputs": {"answer": "a text"}},
        {"outputs": {"answer": {"kind": "asks_back", "text": "Which one?"}}},
        {"outputs": {"answer": None}},
    ],
)
def test_another_run_has_no_scores(traced: dict[str, Any]) -> None:
    assert read(traced) is None
    assert found_in(traced) == {}


def test_nothing_that_is_said_of_a_run_is_a_users_text() -> None:
    for used in ([TEA], [ILLNESS], [YACHT]):
        traced = run("How late is it?", used=used, missed=used, text=f"Ten. {used[0]}")
        whys = " ".join(why for _, why in found_in(traced).values())
        for word in ("oolong", "lithium", "yacht", "late"):
            assert word not in whys.casefold()
