"""The endpoints of `docs/endpoints.md`, each by a scripted server that behaves like it."""

import re
from pathlib import Path
from typing import Any

import pytest
from endpoint import Rule, peculiar_endpoint, refusing
from langchain_core.messages import HumanMessage, SystemMessage

from guided_profile.tools.embedders.endpoint import EndpointEmbedder
from guided_profile.tools.models.calls import complete, endpoint_model
from guided_profile.tools.models.dialect import dialect_at
from guided_profile.tools.models.letters import score_letters

PROMPT = [SystemMessage("Be brief."), HumanMessage("What do I bake?")]
LETTERS = [SystemMessage("Be brief."), HumanMessage("A. a tin\nB. a cat toy\nWhich?")]
DOCS = Path(__file__).parents[3] / "docs/endpoints.md"


def when(wrong: Any, status: int, message: str, **body: Any) -> Rule:
    said = {"error": {"message": message, **body}}
    return lambda asked: (status, said) if wrong(asked) else None


def texts(asked: dict[str, Any]) -> list[str]:
    return asked.get("input") or []


def more_texts_than(most: int, status: int, message: str) -> Rule:
    return when(lambda asked: len(texts(asked)) > most, status, message)


def longer_than(characters: int, status: int, message: str) -> Rule:
    return when(lambda asked: any(len(t) > characters for t in texts(asked)), status, message)


def no_logprobs(tokens: Any) -> None:
    return None


REASONING = (
    refusing("max_tokens", 400, "'max_tokens' is not supported: use 'max_completion_tokens'."),
    refusing("frequency_penalty", 400, "Unsupported parameter: 'frequency_penalty'"),
    when(
        lambda asked: asked.get("temperature", 1) != 1,
        400,
        "'temperature' does not support 0 with this model.",
    ),
    refusing("logprobs", 403, "You are not allowed to request logprobs from this model"),
)
GPT = {"max_completion_tokens", "frequency_penalty", "temperature", "logprobs"}
CONTEXT = "maximum context length is 512 tokens"

ENDPOINTS: dict[str, tuple[dict[str, Any], set[str], bool]] = {
    "OpenAI": (
        {"rules": (*REASONING, longer_than(2000, 400, CONTEXT)), "thoughts": "<think>hm</think>"},
        GPT,
        False,
    ),
    "Azure OpenAI": (
        {
            "rules": (
                *REASONING[:3],
                refusing("logprobs", 400, "Unsupported parameter(s) in request"),
                longer_than(2000, 400, CONTEXT),
            )
        },
        GPT,
        False,
    ),
    "vLLM": (
        {
            "rules": (
                when(
                    lambda asked: asked.get("top_logprobs", 0) > 5,
                    400,
                    "Requested sample logprobs of 20, which is greater than max allowed: 5",
                ),
                longer_than(2000, 400, CONTEXT),
            ),
            "thoughts": "they hate dogs",
            "thinks_in": "reasoning_content",
        },
        {"top_logprobs"},
        True,
    ),
    "llama.cpp": (
        {
            "rules": (
                longer_than(2000, 500, "input is too large to process. increase the batch size"),
            ),
            "thoughts": "<think> they hate dogs </think>",
        },
        set(),
        True,
    ),
    "Ollama": (
        {
            "rules": (longer_than(2000, 400, "the input length exceeds the context length"),),
            "logprobs": staticmethod(no_logprobs),
            "thoughts": "they hate dogs </think>",
        },
        set(),
        False,
    ),
    "LM Studio": (
        {"logprobs": staticmethod(no_logprobs), "thoughts": "hm", "thinks_in": "reasoning"},
        set(),
        False,
    ),
    "TGI": (
        {
            "rules": (
                when(
                    lambda asked: asked.get("temperature") == 0,
                    422,
                    "Input validation error: `temperature` must be strictly positive",
                ),
                when(
                    lambda asked: asked.get("top_logprobs", 0) > 5,
                    422,
                    "Input validation error: `top_n_tokens` must be >= 0 and <= 5. Given: 20",
                ),
                when(
                    lambda asked: any(m["role"] == "system" for m in asked.get("messages", ())),
                    422,
                    "Template error: invalid operation: System role not supported",
                ),
                more_texts_than(32, 413, "batch size 64 > maximum allowed batch size 32"),
                longer_than(2000, 413, "`inputs` must have less than 512 tokens. Given: 1500"),
            )
        },
        {"temperature", "top_logprobs", "system"},
        True,
    ),
    "DashScope": (
        {
            "rules": (
                when(
                    lambda asked: "messages" in asked and asked.get("enable_thinking") is not False,
                    400,
                    "parameter.enable_thinking must be set to false for non-streaming calls",
                ),
                refusing("logprobs", 400, "<400> InternalError.Algo.InvalidParameter: logprobs"),
                more_texts_than(10, 400, "batch size is invalid, it should not be larger than 10"),
                longer_than(2000, 400, "Range of input length should be [1, 8192]"),
            )
        },
        {"enable_thinking", "logprobs"},
        False,
    ),
    "Gemini": (
        {
            "rules": (
                refusing(
                    "logprobs",
                    400,
                    "",
                    body=[{"error": {"message": 'Unknown name "logprobs": Cannot find field.'}}],
                ),
                refusing("frequency_penalty", 400, "Penalty is not enabled for this model"),
                more_texts_than(100, 400, "at most 100 requests can be in one batch"),
            ),
            "thoughts": "<thought>they hate dogs</thought>",
        },
        {"logprobs", "frequency_penalty"},
        False,
    ),
    "Groq": (
        {
            "rules": (refusing("logprobs", 400, "`logprobs` is not supported with this model"),),
            "thoughts": "they hate dogs",
            "thinks_in": "reasoning",
        },
        {"logprobs"},
        False,
    ),
}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("openai._base_client.INITIAL_RETRY_DELAY", 0.001)


@pytest.mark.parametrize(("habits", "known", "weighs"), ENDPOINTS.values(), ids=ENDPOINTS)
async def test_an_endpoint_is_asked_as_it_takes_it(
    habits: dict[str, Any], known: set[str], *, weighs: bool
) -> None:
    with peculiar_endpoint(**habits) as (url, endpoint):
        chat = endpoint_model("m", base_url=url, api_key=None)
        done = await complete(chat, PROMPT, stage="x", max_tokens=5, repetition=0.3)
        assert (done.text, done.finish_reason) == (endpoint.answer, "stop")
        scores = await score_letters(chat, LETTERS, "AB", stage="x")
        assert scores.text == "B"
        assert bool(scores.letters) is weighs
        assert set(dialect_at(url, "m").changes) == known
        before = len(endpoint.received)
        await complete(chat, PROMPT, stage="x", max_tokens=5, repetition=0.3)
        assert len(endpoint.received) == before + 1

        lines = [f"{'rye' * 1500} {n}" if n == 7 else "rye" * n for n in range(1, 71)]
        embedder = EndpointEmbedder("e", url, None)
        vectors = embedder.embed_documents(lines)
        same = [
            v[0] / v[1] == pytest.approx(len(t), rel=1e-3)
            for v, t in zip(vectors, lines, strict=True)
        ]
        assert [n for n, is_same in enumerate(same) if not is_same] in ([], [6])  # cut


def test_the_page_has_a_row_for_each() -> None:
    rows = re.findall(r"(?m)^\| \*\*(.+?)\*\*", DOCS.read_text())
    assert rows == list(ENDPOINTS)
