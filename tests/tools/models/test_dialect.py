"""What endpoints take is found out from their refusals, and remembered."""

import logging
from typing import Any

import pytest
from endpoint import Rule, peculiar_endpoint, refusing
from langchain_core.messages import HumanMessage, SystemMessage

from guided_profile.graph.errors import ModelError
from guided_profile.tools.models.calls import complete, endpoint_model
from guided_profile.tools.models.dialect import dialect_at, dialect_of
from guided_profile.tools.models.letters import score_letters

PROMPT = [SystemMessage("Be brief."), HumanMessage("What do I bake?")]
LETTERS = [SystemMessage("Be brief."), HumanMessage("A. a tin\nB. a cat toy\nWhich?")]


def too_few(least: int, message: str) -> Rule:
    return lambda asked: (
        (400, {"error": {"message": message}}) if asked.get("max_tokens", least) < least else None
    )


def tells_at_most(most: int, message: str) -> Rule:
    return lambda asked: (
        (400, {"error": {"message": message}}) if asked.get("top_logprobs", 0) > most else None
    )


def no_system(status: int, message: str) -> Rule:
    def rule(asked: dict[str, Any]) -> tuple[int, Any] | None:
        roles = {said["role"] for said in asked["messages"]}
        return (status, {"error": {"message": message}}) if "system" in roles else None

    return rule


REFUSALS: dict[str, tuple[Rule, dict[str, int]]] = {
    "the name of the limit": (
        refusing("max_tokens", 400, "'max_tokens' is not supported: use 'max_completion_tokens'"),
        {"max_completion_tokens": 0},
    ),
    "few tokens": (too_few(16, "expected a value >= 16, but got 1 token"), {"least_tokens": 16}),
    "few tokens, however many": (too_few(16, "Bad Request"), {"least_tokens": 16}),
    "few tokens, in its own number": (too_few(8, "at least 8 tokens"), {"least_tokens": 8}),
    "many alternatives": (tells_at_most(5, "must be at most 5: top_logprobs"), {"top_logprobs": 5}),
    "many alternatives, vLLM": (
        tells_at_most(7, "Requested sample logprobs of 20, greater than max allowed: 7"),
        {"top_logprobs": 7},
    ),
    "logprobs, forbidden": (refusing("logprobs", 403, "no logprobs from this"), {"logprobs": 0}),
    "logprobs, not made": (refusing("logprobs", 501, "not implemented: logprobs"), {"logprobs": 0}),
    "logprobs, a crash": (refusing("logprobs", 500, "logprobs!"), {"logprobs": 0}),
    "logprobs, a crash without a word": (refusing("logprobs", 500, ""), {"logprobs": 0}),
    "logprobs, unnamed": (refusing("logprobs", 400, "Unsupported parameter(s)"), {"logprobs": 0}),
    "logprobs, in a page": (
        refusing("logprobs", 400, "", body=b"<html>Bad Request</html>"),
        {"logprobs": 0},
    ),
    "logprobs, in a list": (
        refusing("logprobs", 400, "", body=[{"error": {"message": "Unknown name: logprobs"}}]),
        {"logprobs": 0},
    ),
    "the temperature": (refusing("temperature", 422, "temperature?"), {"temperature": 0}),
    "the temperature, unnamed": (refusing("temperature", 400, "no"), {"temperature": 0}),
    "a penalty": (refusing("frequency_penalty", 400, "no penalty"), {"frequency_penalty": 0}),
    "effort": (refusing("reasoning_effort", 400, "unknown"), {"reasoning_effort": 0}),
    "a system message": (no_system(400, "System role not supported"), {"system": 0}),
    "a system message, unnamed": (no_system(422, "Template error"), {"system": 0}),
}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("openai._base_client.INITIAL_RETRY_DELAY", 0.001)


@pytest.mark.parametrize(("rule", "known"), REFUSALS.values(), ids=REFUSALS)
async def test_what_a_refusal_goes_away_with_is_left_out_from_then_on(
    caplog: pytest.LogCaptureFixture, rule: Rule, known: dict[str, int]
) -> None:
    with peculiar_endpoint(rules=(rule,)) as (url, endpoint), caplog.at_level(logging.WARNING):
        before = 0
        for _ in range(2):
            chat = endpoint_model("m", base_url=url, api_key=None, reasoning_effort="low")
            done = await complete(chat, PROMPT, stage="x", max_tokens=50, repetition=0.3)
            assert done.text == endpoint.answer
            scores = await score_letters(chat, LETTERS, "AB", stage="x")
            assert scores.text.strip() == "B"
            assert bool(scores.letters) is ("logprobs" not in known)
            calls = len(endpoint.received) - before
            before = len(endpoint.received)
        assert calls == 2  # by another model object, and nothing is refused any more
        assert before < 24
        assert dialect_at(url, "m").changes == known
        (said,) = [
            record.getMessage() for record in caplog.records if "endpoint of" in record.getMessage()
        ]
        assert "'m'" in said


async def test_all_that_one_endpoint_refuses_is_found_out() -> None:
    rules = [rule for rule, _ in REFUSALS.values()]
    with peculiar_endpoint(rules=[*rules[:1], *rules[9:10], *rules[14:16], *rules[17:]]) as (
        url,
        e,
    ):
        chat = endpoint_model("m", base_url=url, api_key=None)
        done = await complete(chat, PROMPT, stage="x", max_tokens=50, repetition=0.3)
        assert done.text == e.answer
        sent = e.received[-1]
        assert set(sent) == {"model", "messages", "max_completion_tokens", "stream"}
        assert [message["content"] for message in sent["messages"]] == [
            "Be brief.\n\nWhat do I bake?"
        ]
        assert len(e.received) <= 16


async def test_what_is_refused_whatever_is_left_out_is_quoted() -> None:
    words = "The account of What do I bake? must be verified; see A7 sk-abcdefgh123."
    with peculiar_endpoint(rules=(lambda asked: (403, {"error": {"message": words}}),)) as (url, e):
        chat = endpoint_model("m", base_url=url, api_key=None)
        with pytest.raises(ModelError) as failed:
            await complete(chat, PROMPT, stage="x", max_tokens=50)
        assert 'It says: "The account of … must be verified; see A7 …"' in str(failed.value)
        assert "use another key or another model" in str(failed.value)
        assert len(e.received) < 16
        assert dialect_at(url, "m").changes == {}


async def test_a_refusal_of_what_was_taken_before_has_another_cause() -> None:
    filtered = (400, {"error": {"message": "filtered", "code": "content_filter"}})
    with peculiar_endpoint() as (url, endpoint):
        chat = endpoint_model("m", base_url=url, api_key=None)
        await complete(chat, PROMPT, stage="x", max_tokens=50)
        endpoint.rules = (lambda asked: filtered,)
        with pytest.raises(ModelError, match="content_filter"):
            await complete(chat, PROMPT, stage="x", max_tokens=50)
        assert len(endpoint.received) == 2


WEIGHTLESS: dict[str, Any] = {
    "null": lambda tokens: None,
    "no tokens": lambda tokens: {"content": []},
    "no content": lambda tokens: {"content": None},
    "the old form": lambda tokens: {"tokens": ["B"], "token_logprobs": [-0.1]},
    "no alternatives": lambda tokens: {
        "content": [{"token": token["token"], "logprob": -0.1} for token in tokens]
    },
    "null alternatives": lambda tokens: {
        "content": [{**token, "top_logprobs": None} for token in tokens]
    },
    "numbers of tokens": lambda tokens: {
        "content": [
            {
                "token": "token_id:66",
                "logprob": -0.1,
                "top_logprobs": [{"token": "token_id:66", "logprob": -0.1}],
            }
        ]
    },
}


@pytest.mark.parametrize("logprobs", WEIGHTLESS.values(), ids=WEIGHTLESS)
async def test_where_no_letter_has_weight_the_words_count(logprobs: Any) -> None:
    with peculiar_endpoint(logprobs=staticmethod(logprobs)) as (url, endpoint):
        chat = endpoint_model("m", base_url=url, api_key=None)
        for _ in range(2):
            scores = await score_letters(chat, LETTERS, "AB", stage="x")
            assert (scores.letters, scores.text) == (None, "B")
        assert len(endpoint.received) <= 3
        assert not endpoint.received[-1].get("top_logprobs")


@pytest.mark.parametrize("mark", ["\u2581", "\u0120"])
async def test_letters_are_weighed_as_the_vocabulary_spells_them(mark: str) -> None:
    def spelled(tokens: list[dict[str, Any]]) -> dict[str, Any]:
        for token in tokens:
            for alternative in (token, *token["top_logprobs"]):
                alternative["token"] = mark + alternative["token"]
        return {"content": tokens}

    with peculiar_endpoint(logprobs=staticmethod(spelled)) as (url, _):
        chat = endpoint_model("m", base_url=url, api_key=None)
        scores = await score_letters(chat, LETTERS, "AB", stage="x")
        assert scores.letters == pytest.approx({"A": 0.1, "B": 0.8})


@pytest.mark.parametrize("before", ["**", "The answer:", "Respuesta:"])
async def test_a_letter_is_weighed_where_it_stands(before: str) -> None:
    def written(text: str) -> str:
        return f"{before} {text}" if text in "AB" else text

    def names(text: str) -> str | None:
        return text[-1]

    with peculiar_endpoint(written=staticmethod(written)) as (url, e):
        chat = endpoint_model("m", base_url=url, api_key=None)
        for _ in range(2):
            scores = await score_letters(chat, LETTERS, "AB", stage="x", names=names)
            assert scores.letters == pytest.approx({"A": 0.1, "B": 0.8})
        assert len(e.received) == 3  # it is known then


LONG = "hm " * 1500


@pytest.mark.parametrize("field", [None, "reasoning_content", "reasoning"])
@pytest.mark.parametrize("thoughts", ["This person hates dogs. A", LONG], ids=["short", "long"])
async def test_a_model_that_thinks_is_given_room_and_its_thoughts_are_dropped(
    field: str | None, thoughts: str
) -> None:
    said = thoughts if field else f"<think> {thoughts} </think>"
    with peculiar_endpoint(thoughts=said, thinks_in=field) as (url, endpoint):
        chat = endpoint_model("m", base_url=url, api_key=None)
        for _ in range(2):
            done = await complete(chat, PROMPT, stage="x", max_tokens=5)
            assert (done.text, done.finish_reason) == (endpoint.answer, "stop")
            before = len(endpoint.received)
        scores = await score_letters(chat, LETTERS, "AB", stage="x")
        assert scores.text == "B"
        assert scores.letters == pytest.approx({"A": 0.1, "B": 0.8})
        assert len(endpoint.received) == before + 1
        assert before <= 4  # the limit that it needs is known then


async def test_a_model_that_never_stops_thinking_is_cut_off() -> None:
    with peculiar_endpoint(thoughts="<think>" + "hm " * 30_000) as (url, e):
        chat = endpoint_model("m", base_url=url, api_key=None)
        done = await complete(chat, PROMPT, stage="x", max_tokens=5)
        assert (done.text, done.finish_reason) == ("", "length")
        assert len(e.received) == 4


async def test_room_that_an_endpoint_does_not_give_is_not_asked_for_again() -> None:
    def rule(asked: dict[str, Any]) -> tuple[int, Any] | None:
        much = asked["max_tokens"] > 3000
        return (400, {"error": {"message": "at most 3000 tokens"}}) if much else None

    with peculiar_endpoint(rules=(rule,), thoughts="hm " * 2000, thinks_in="reasoning") as (url, e):
        chat = endpoint_model("m", base_url=url, api_key=None)
        done = await complete(chat, PROMPT, stage="x", max_tokens=5)
        assert (done.text, done.finish_reason) == ("", "length")
        assert len(e.received) < 16


async def test_a_grammar_is_sent_where_it_may_be_taken_and_not_again_where_it_is_refused() -> None:
    grammar = 'root ::= "a"+'
    for rules in ((), (refusing("grammar", 400, "Unrecognized request argument: grammar"),)):
        with peculiar_endpoint(rules=rules) as (url, endpoint):
            chat = endpoint_model("m", base_url=url, api_key=None)
            assert dialect_of(chat).takes_grammars
            done = await complete(chat, PROMPT, stage="x", max_tokens=50, grammar=grammar)
            assert done.text == endpoint.answer
            assert (endpoint.received[-1].get("grammar") == grammar) is (not rules)
            assert dialect_of(chat).takes_grammars is (not rules)
    assert not dialect_of(endpoint_model("m", base_url=None, api_key="k")).takes_grammars
