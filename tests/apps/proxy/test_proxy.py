"""The proxy as front ends see it: a real server, a real endpoint behind it, and OpenAI's client."""

from proxied import proxied

from guided_profile.graph.records import HistoryItem
from guided_profile.tools.history.store import HistoryStore

SKILLET = HistoryItem(text="I cook everything in a cast iron skillet", source="chat")


def test_an_answer_is_personal_and_what_is_said_is_remembered(history: HistoryStore) -> None:
    history.add("anna", [SKILLET])
    with proxied(history) as proxy:
        messages = [{"role": "user", "content": "Which skillet should I cook with?"}]
        with proxy.client() as client:
            answer = client.chat.completions.create(model="m", messages=messages, user="anna")  # type: ignore[call-overload]
        assert answer.choices[0].message.content == proxy.upstream.says
        (sent,) = proxy.upstream.sent
        assert SKILLET.text in sent.last
        assert sent.last.endswith(messages[0]["content"])
        assert messages[0]["content"] in proxy.said_by("anna")
