from collections.abc import Iterator

import pytest
from langchain_core.messages import HumanMessage
from langchain_openai import ChatOpenAI
from token_endpoint import TokenEndpoint

from guided_profile.tools.models.calls import complete, endpoint_model
from guided_profile.tools.models.dialect import UNWEIGHED, forget_all
from guided_profile.tools.models.letters import ask_yes_no, score_letters

PROMPT = [HumanMessage("which one?")]


@pytest.fixture
def endpoint() -> Iterator[TokenEndpoint]:
    endpoint = TokenEndpoint()
    yield endpoint
    endpoint.close()


@pytest.fixture
def chat(endpoint: TokenEndpoint) -> ChatOpenAI:
    return endpoint_model("m", base_url=endpoint.url, api_key="k", timeout=10)


async def test_letters_are_weighed_by_their_first_token(
    endpoint: TokenEndpoint, chat: ChatOpenAI
) -> None:
    scores = await score_letters(chat, PROMPT, "ABC", stage="respond")
    assert scores.letters == pytest.approx({"A": 0.7, "B": 0.1, "C": 0.0})
    assert scores.text == " A"
    [asked] = endpoint.asked
    assert (asked["max_tokens"], asked["top_logprobs"], asked["temperature"]) == (1, 20, 0)


async def test_an_endpoint_that_ignores_logprobs_gives_a_text_and_is_not_asked_again(
    endpoint: TokenEndpoint, chat: ChatOpenAI
) -> None:
    endpoint.logprobs = False
    assert (await complete(chat, PROMPT, stage="x", max_tokens=2)).confidence is None
    scores = await score_letters(chat, PROMPT, "BC", stage="x", max_tokens_without=9)
    assert (scores.letters, scores.text) == (None, " A!")
    assert scores.call.input_tokens == 40  # of both tries
    assert [asked["max_tokens"] for asked in endpoint.asked] == [2, 1, 9]
    again = await score_letters(chat, PROMPT, "AB", stage="x")
    assert again.call.input_tokens == 20
    assert "logprobs" not in endpoint.asked[-1]


async def test_one_reply_without_probabilities_is_no_reason_to_ask_for_none_for_ever(
    endpoint: TokenEndpoint, chat: ChatOpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [1000.0]
    monkeypatch.setattr("guided_profile.tools.models.dialect.monotonic", lambda: clock[0])

    async def weighed(later: float, *, logprobs: bool) -> bool:
        clock[0] += later
        endpoint.logprobs = logprobs
        return (await score_letters(chat, PROMPT, "ABC", stage="respond")).letters is not None

    assert not await weighed(0, logprobs=False)
    assert not await weighed(UNWEIGHED - 1, logprobs=True), "they are not asked for yet"
    assert await weighed(2, logprobs=True)
    assert not await weighed(0, logprobs=False)
    assert not await weighed(UNWEIGHED + 1, logprobs=False)
    assert not await weighed(2 * UNWEIGHED - 1, logprobs=True), "each time they wait longer"
    assert await weighed(2, logprobs=True)


@pytest.mark.parametrize("status", [400, 422])
async def test_an_endpoint_that_refuses_logprobs_is_asked_without_from_then_on(
    endpoint: TokenEndpoint, chat: ChatOpenAI, status: int
) -> None:
    refusal = (status, {"error": {"message": "unknown field `logprobs`"}})
    endpoint.refuse = lambda asked: refusal if "logprobs" in asked else None
    done = await complete(chat, PROMPT, stage="x", max_tokens=2)
    assert (done.text, done.confidence) == (" A!", None)
    scores = await score_letters(chat, PROMPT, "AB", stage="x")
    assert (scores.letters, scores.text) == (None, " A!")
    assert ["logprobs" in asked for asked in endpoint.asked] == [True, False, False]
    assert not any("top_logprobs" in asked for asked in endpoint.asked)


@pytest.mark.parametrize(
    ("top", "yes"),
    [
        ({"Yes": 0.3, " yes": 0.2, "YES": 0.1, "No": 0.1, "no": 0.1, "Nope": 0.2}, 0.75),
        ({"No": 0.9}, 0.0),
        ({"Perhaps": 0.9, "Not": 0.1}, None),
    ],
)
async def test_yes_is_weighed_against_no_however_they_are_spelled(
    endpoint: TokenEndpoint, chat: ChatOpenAI, top: dict[str, float], yes: float | None
) -> None:
    endpoint.top = top
    answer = await ask_yes_no(chat, PROMPT, stage="verify")
    assert answer.yes == (None if yes is None else pytest.approx(yes))
    assert (answer.text.strip(" !"), answer.call.stage) == ("A", "verify")


async def test_without_log_probabilities_yes_has_none_but_there_is_a_text(
    endpoint: TokenEndpoint, chat: ChatOpenAI
) -> None:
    endpoint.logprobs = False
    answer = await ask_yes_no(chat, PROMPT, stage="verify")
    assert (answer.yes, answer.text) == (None, " A!")


async def test_what_one_model_refuses_says_nothing_of_another_but_of_itself_asked_anew(
    endpoint: TokenEndpoint,
) -> None:
    endpoint.logprobs = False
    first = endpoint_model("m", base_url=endpoint.url, api_key=None)
    await score_letters(first, PROMPT, "AB", stage="x")
    endpoint.logprobs = True
    another = endpoint_model("n", base_url=endpoint.url, api_key=None)
    assert (await score_letters(another, PROMPT, "AB", stage="x")).letters
    anew = endpoint_model("m", base_url=endpoint.url, api_key=None)
    assert (await score_letters(anew, PROMPT, "AB", stage="x")).letters is None
    forget_all()  # as a new process does
    assert (await score_letters(anew, PROMPT, "AB", stage="x")).letters


async def test_an_empty_reply_does_not_prove_that_there_are_no_logprobs(
    endpoint: TokenEndpoint, chat: ChatOpenAI
) -> None:
    endpoint.empty = True
    assert (await score_letters(chat, PROMPT, "AB", stage="x")).letters is None
    endpoint.empty = False
    assert (await score_letters(chat, PROMPT, "AB", stage="x")).letters
