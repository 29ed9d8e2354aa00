"""X's archive: posts without reposts, replies without whom they answer, likes, messages, Grok."""

import json
from pathlib import Path
from typing import Any

from tests.support.exported import in_every_form, read, zip_of


def script(name: str, *elements: dict[str, Any]) -> str:
    return f"window.YTD.{name}.part0 = {json.dumps(elements, indent=2)}"


def tweet(id_: str, text: str, **more: Any) -> dict[str, Any]:
    return {
        "tweet": {
            "id_str": id_,
            "created_at": "Thu Oct 10 20:19:24 +0000 2024",
            "full_text": text,
            "lang": "en",
            "retweeted": False,
            **more,
        }
    }


TWEETS = script(
    "tweets",
    tweet("1", "the new bike lane is great &amp; I ride it daily https://t.co/a1b2"),
    tweet("2", "RT @other: I hate bicycles"),
    tweet("3", "@friend @friend2 see you at the gym", in_reply_to_user_id_str="9"),
    tweet("4", "https://t.co/onlyapicture"),
)


def test_posts(tmp_path: Path) -> None:
    found = in_every_form(tmp_path, "tweets.js", TWEETS)
    assert found.formats == {"twitter": 1}
    assert found.lines == [
        ("user", "posts", "the new bike lane is great & I ride it daily"),
        ("user", "posts", "see you at the gym"),
    ]
    first, reply = found.items
    assert (first.id, first.kind, str(first.time)) == (
        "x:1",
        "said",
        "2024-10-10 20:19:24+00:00",
    )
    assert reply.category == "replies"
    assert found.skipped["reposts of others"] == 1


def test_posts_of_an_old_archive(tmp_path: Path) -> None:
    element = tweet("7", "rye again")["tweet"]
    path = tmp_path / "tweet.js"
    path.write_text(script("tweet", element))
    assert read(path).texts == ["rye again"]


def test_the_whole_archive(tmp_path: Path) -> None:
    def said(id_: str, text: str) -> dict[str, Any]:
        at = "2024-05-14T09:41:32.000Z"
        return {"messageCreate": {"senderId": id_, "text": text, "createdAt": at, "id": text}}

    def grok(sender: str, message: str) -> dict[str, Any]:
        at = "2025-10-23T13:11:59.692Z"
        return {
            "grokChatItem": {
                "createdAt": at,
                "sender": {"originalName": sender},
                "message": message,
            }
        }

    long = "A long post about rye " + "and rye " * 60
    files = {
        "Your archive.html": "<html></html>",
        "data/account.js": script(
            "account", {"account": {"username": "mara", "accountId": "42", "email": "m@x.org"}}
        ),
        "data/tweets.js": script("tweets", tweet("1", long[:270] + "… https://t.co/xyz")),
        "data/note-tweet.js": script(
            "note_tweet",
            {"noteTweet": {"createdAt": "2024-05-14T09:41:32.000Z", "core": {"text": long}}},
        ),
        "data/like.js": script("like", {"like": {"tweetId": "9", "fullText": "Sourdough &lt;3"}}),
        "data/direct-messages.js": script(
            "direct_messages",
            {"dmConversation": {"messages": [said("42", "I am a nurse"), said("7", "me too")]}},
        ),
        "data/grok-chat-item.js": script(
            "grok_chat_item", grok("USER", "How hot for rye?"), grok("AGENT", "250 degrees.")
        ),
        "data/ad-engagements.js": script("ad_engagements", {"ad": {}}),
    }
    found = read(zip_of(tmp_path / "twitter.zip", files))
    assert found.formats == {"twitter": 6}
    assert set(found.lines) == {
        ("user", "posts", long.strip()),
        ("user", "likes", "likes: Sourdough <3"),
        ("user", "messages", "I am a nurse"),
        ("other", "messages", "me too"),
        ("user", "grok", "How hot for rye?"),
        ("other", "grok", "250 degrees."),
    }
    assert len(found.items) == 6
    assert found.skipped["files of other kinds"] == 2


def test_direct_messages_alone_ask_whose(tmp_path: Path) -> None:
    path = tmp_path / "direct-messages.js"
    created = {"senderId": "42", "text": "I am a nurse", "createdAt": "2024-05-14T09:41:32.000Z"}
    path.write_text(
        script("direct_messages", {"dmConversation": {"messages": [{"messageCreate": created}]}})
    )
    (refused,) = read(path).refused
    assert "--me" in refused.reason
    assert read(path, me="42").lines == [("user", "messages", "I am a nurse")]


def test_a_script_that_is_cut_short(tmp_path: Path) -> None:
    path = tmp_path / "tweets.js"
    path.write_text(TWEETS[: TWEETS.index("see you")])
    found = read(path)
    assert found.texts == ["the new bike lane is great & I ride it daily"]
    assert len(found.refused) == 1
