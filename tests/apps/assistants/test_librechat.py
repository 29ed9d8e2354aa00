"""The piece of `librechat.yaml`, held to what the endpoint takes of LibreChat's requests."""

import re
from collections.abc import Iterator
from importlib.resources import files

import pytest
import yaml
from proxied import KEY, Proxied, proxied

from guided_profile.apps.proxy.settings import read_proxy_settings
from guided_profile.graph.records import HistoryItem
from guided_profile.tools.history.store import HistoryStore

PIECE = files("guided_profile.apps.assistants").joinpath("librechat.yaml").read_text()
(ENDPOINT,) = yaml.safe_load(PIECE)["endpoints"]["custom"]
SKILLET = "I cook everything in a cast iron skillet"
QUESTION = "Which skillet should I cook with?"
FILLED = {"{{LIBRECHAT_USER_ID}}": "anna", "{{LIBRECHAT_BODY_CONVERSATIONID}}": "c-1"}


def headers(filled: dict[str, str]) -> dict[str, str]:
    """Return the headers as LibreChat sends them: one of no value arrives empty."""
    sent = {name: filled.get(value, value) for name, value in ENDPOINT["headers"].items()}
    key = ENDPOINT["apiKey"].replace("${GUIDED_PROFILE_PROXY_KEY}", KEY)
    return sent | {"Authorization": f"Bearer {key}"}


@pytest.fixture
def proxy(history: HistoryStore) -> Iterator[Proxied]:
    named = dict(re.findall(r"(GUIDED_PROFILE_\w+)=([\w-]+)", PIECE))
    settings = read_proxy_settings(named | {"GUIDED_PROFILE_PROXY_KEY": KEY})
    history.add("anna", [HistoryItem(text=SKILLET, source="chat")])
    with proxied(history, settings) as served:
        yield served


def test_its_users_are_known_and_nothing_of_the_piece_goes_further(proxy: Proxied) -> None:
    answer = proxy.ask(QUESTION, user=None, **headers(FILLED))
    assert answer.headers["x-guided-profile"].startswith("personalised; user=header")
    (sent,) = proxy.upstream.sent
    assert SKILLET in sent.last
    assert not {name.lower() for name in ENDPOINT["headers"]} & set(sent.headers)
    assert KEY not in str(sent.headers)
    assert QUESTION in proxy.said_by("anna")


def test_a_title_is_made_of_the_words_as_they_are(proxy: Proxied) -> None:
    proxy.ask(QUESTION, user=None, **headers(FILLED))
    there = proxy.said_by("anna")
    asked = f"Give this a title.\n\nUser: {QUESTION}\nAI: {proxy.upstream.says}\n\nTitle:"
    answer = proxy.ask(asked, user=None, **headers(FILLED))
    assert "why=own-call" in answer.headers["x-guided-profile"]
    assert proxy.upstream.sent[-1].last == asked
    assert proxy.said_by("anna") == there


@pytest.mark.parametrize(
    ("filled", "code"),
    [
        (dict.fromkeys(FILLED, ""), "bad_user"),
        ({}, "unfilled_placeholder"),
    ],
)
def test_a_user_that_is_empty_or_not_filled_in_is_refused(
    proxy: Proxied, filled: dict[str, str], code: str
) -> None:
    answer = proxy.ask(QUESTION, user=None, **headers(filled))
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == code
    assert not proxy.upstream.sent


def test_a_conversation_without_an_id_yet_is_served(proxy: Proxied) -> None:
    new = FILLED | {"{{LIBRECHAT_BODY_CONVERSATIONID}}": ""}
    assert proxy.ask(QUESTION, user=None, **headers(new)).is_success
    assert SKILLET in proxy.upstream.sent[0].last
