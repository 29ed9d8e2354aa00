"""Instagram's and Facebook's exports: letters are mended, and what others wrote is left out."""

import json
from pathlib import Path
from typing import Any

import pytest

from guided_profile.graph.errors import HistoryItemError
from tests.support.exported import folder_of, in_every_form, read, zip_of

AT = 1714558272
WHEN = "2024-05-01 10:11:12+00:00"


def mangled(found: Any) -> str:
    """Return JSON with each byte of UTF-8 as a character of its own."""
    if isinstance(found, dict):
        return json.dumps({_bytes(key): json.loads(mangled(value)) for key, value in found.items()})
    if isinstance(found, list):
        return json.dumps([json.loads(mangled(value)) for value in found])
    return json.dumps(_bytes(found) if isinstance(found, str) else found)


def _bytes(text: str) -> str:
    return text.encode().decode("latin-1")


def comment(words: str, *, names: tuple[str, str, str]) -> dict[str, Any]:
    said, whose, when = names
    values = {said: {"value": words}, whose: {"value": "bo.bakes"}, when: {"timestamp": AT}}
    return {"media_list_data": [{"uri": ""}], "string_map_data": values}


INSTAGRAM: dict[str, tuple[Any, list[tuple[str, str]]]] = {
    "posts_1.json": (
        [
            {
                "media": [{"uri": "x.jpg", "creation_timestamp": AT, "title": "Sonntagsbrot 😊"}],
                "title": "",
                "creation_timestamp": AT,
            },
            {"media": [{"uri": "y.jpg", "creation_timestamp": AT, "title": ""}]},
        ],
        [("posts", "Sonntagsbrot 😊")],
    ),
    "stories.json": (
        {"ig_stories": [{"uri": "s.jpg", "creation_timestamp": AT, "title": "am See"}]},
        [("stories", "am See")],
    ),
    "post_comments_1.json": (
        [
            comment("So schön, ich vermisse das Meer", names=("Comment", "Media Owner", "Time")),
            comment("Toll gemacht", names=("Kommentar", "Medieninhaber", "Zeit")),
            comment("すごい パンだ", names=("コメント", "所有者", "時間")),
        ],
        [
            ("comments", "So schön, ich vermisse das Meer"),
            ("comments", "Toll gemacht"),
            ("comments", "すごい パンだ"),
        ],
    ),
    "liked_posts.json": (
        {
            "likes_media_likes": [
                {
                    "title": "bo.bakes",
                    "string_list_data": [{"href": "https://i/p", "value": "👍", "timestamp": AT}],
                }
            ]
        },
        [("likes", "posts of bo.bakes (liked once, 2024-05)")],
    ),
    "saved_posts.json": (
        {
            "saved_saved_media": [
                {
                    "title": "bo.bakes",
                    "string_map_data": {"Saved on": {"href": "https://i/p", "timestamp": AT}},
                }
            ]
        },
        [("saved", "posts of bo.bakes (saved once, 2024-05)")],
    ),
    "word_or_phrase_searches.json": (
        {
            "searches_keyword": [
                {
                    "title": "",
                    "string_map_data": {"Suche": {"value": "rye"}, "Zeit": {"timestamp": AT}},
                }
            ]
        },
        [("searches", "rye")],
    ),
    "following.json": (
        {
            "relationships_following": [
                {"title": "bo.bakes", "string_list_data": [{"href": "https://i", "timestamp": AT}]}
            ]
        },
        [("follows", "follows bo.bakes")],
    ),
}


@pytest.mark.parametrize("name", INSTAGRAM)
def test_instagram(tmp_path: Path, name: str) -> None:
    content, lines = INSTAGRAM[name]
    found = in_every_form(tmp_path, name, mangled(content))
    assert found.formats == {"instagram": 1}
    assert found.lines == [("user", source, text) for source, text in lines]
    assert {str(item.time) for item in found.items} == {WHEN}


def test_instagrams_newer_likes(tmp_path: Path) -> None:
    liked = {
        "timestamp": AT,
        "media": [],
        "label_values": [
            {"label": "URL", "value": "https://i/p", "href": "https://i/p"},
            {
                "title": "Besitzer",
                "dict": [{"title": "", "dict": [{"label": "x", "value": "bo.bakes"}]}],
            },
        ],
        "fbid": "17",
    }
    path = tmp_path / "liked_posts.json"
    path.write_text(json.dumps([liked]))
    found = read(path)
    assert found.lines == [("user", "likes", "posts of bo.bakes (liked once, 2024-05)")]
    folder = folder_of(tmp_path / "all", {"likes/liked_posts.json": json.dumps([liked]), "a": "x"})
    assert read(folder).lines == found.lines


def test_instagrams_zip_with_messages(tmp_path: Path) -> None:
    chat = {
        "participants": [{"name": "Ana"}, {"name": "Mara"}],
        "messages": [
            {"sender_name": "Mara", "timestamp_ms": AT * 1000, "content": "Café am Sonntag?"},
            {"sender_name": "Ana", "timestamp_ms": AT * 1000, "content": "Ja!"},
        ],
        "title": "Ana",
    }
    root = "your_instagram_activity"
    files = {
        f"{root}/messages/inbox/ana_1/message_1.json": mangled(chat),
        f"{root}/media/posts_1.json": mangled(INSTAGRAM["posts_1.json"][0]),
        f"{root}/likes/liked_posts.json": mangled(INSTAGRAM["liked_posts.json"][0]),
        "personal_information/personal_information.json": '{"profile_user": []}',
    }
    found = read(zip_of(tmp_path / "instagram.zip", files), me="Mara")
    assert found.formats == {"messenger": 1, "instagram": 2}
    assert ("user", "messenger", "Café am Sonntag?") in found.lines
    assert ("other", "messenger", "Ja!") in found.lines
    assert ("user", "posts", "Sonntagsbrot 😊") in found.lines


def test_instagram_cut_short(tmp_path: Path) -> None:
    likes = INSTAGRAM["liked_posts.json"][0]["likes_media_likes"] * 3
    whole = json.dumps({"likes_media_likes": likes})
    path = tmp_path / "liked_posts.json"
    path.write_text(whole[:-60])
    found = read(path)
    assert found.texts == ["posts of bo.bakes (liked 2 times, 2024-05)"]
    assert len(found.refused) == 1


def facebook_post(text: str, **more: Any) -> dict[str, Any]:
    return {"timestamp": AT, "data": [{"post": text}], "title": "Mara updated her status.", **more}


def commented(text: str) -> dict[str, Any]:
    said = {"comment": {"timestamp": AT, "comment": text, "author": "Mara", "group": "Bäcker"}}
    return {"timestamp": AT, "data": [said], "title": "Mara commented on Bo's post."}


LINK = [{"data": [{"external_context": {"url": "https://x", "name": "Rye for all"}}]}]
PICTURE = [{"data": [{"media": {"uri": "x.jpg", "description": "Mein Brot"}}]}]
FACEBOOK: dict[str, tuple[Any, list[tuple[str, str]]]] = {
    "your_posts_1.json": (
        [
            facebook_post("Ich backe für euch"),
            facebook_post("Seht", attachments=LINK),
            {"timestamp": AT, "data": [{"update_timestamp": AT}], "attachments": PICTURE},
            {"timestamp": AT, "title": "Mara was at the lake."},
        ],
        [
            ("posts", "Ich backe für euch"),
            ("posts", "Seht\nRye for all"),
            ("posts", "Mein Brot"),
        ],
    ),
    "comments.json": (
        {"comments_v2": [commented("Köstlich")]},
        [("comments", "Köstlich")],
    ),
    "comments_of_older_exports.json": (
        {"comments": [commented("Köstlich")]},
        [("comments", "Köstlich")],
    ),
    "your_search_history.json": (
        {"searches_v2": [{"timestamp": AT, "data": [{"text": "rye"}], "title": "Gesucht"}]},
        [("searches", "rye")],
    ),
    "pages_you've_liked.json": (
        {"page_likes_v2": [{"name": "Bäckerei Gruber", "timestamp": AT}]},
        [("likes", "likes the page Bäckerei Gruber")],
    ),
    "your_event_responses.json": (
        {
            "event_responses_v2": {
                "events_joined": [{"name": "Brotfest", "start_timestamp": AT}],
                "events_declined": [{"name": "Messe", "start_timestamp": AT}],
            }
        },
        [("events", "takes part in Brotfest")],
    ),
}


@pytest.mark.parametrize("name", FACEBOOK)
def test_facebook(tmp_path: Path, name: str) -> None:
    content, lines = FACEBOOK[name]
    found = in_every_form(tmp_path, name, mangled(content))
    assert found.formats == {"facebook": 1}
    assert found.lines == [("user", source, text) for source, text in lines]
    assert {str(item.time) for item in found.items} == {WHEN}
    assert not found.refused


def test_facebooks_reactions_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "likes_and_reactions_1.json"
    data = [{"reaction": {"reaction": "LIKE", "actor": "Mara"}}]
    path.write_text(json.dumps([{"timestamp": AT, "data": data, "title": "Mara likes a post."}]))
    assert read(path).skipped == {"reactions to others' posts": 1}


def page(*blocks: tuple[str, str, str], title: str = "Ana") -> str:
    return (
        f'<html><head><title>{title}</title></head><body class="_5vb_ _2yq"><main class="_a706">'
        '<div class="pam _3-95 _2ph- _a6-g uiBoxWhite noborder"><h2 class="_3-95 _2pim _a6-h">'
        'Participants</h2><div class="_3-95 _a6-p">Ana, Mara</div></div>'
        + "".join(
            '<div class="pam _3-95 _2ph- _a6-g uiBoxWhite noborder">'
            f'<h2 class="_3-95 _2pim _a6-h _a6-i">{who}</h2>'
            f'<div class="_3-95 _a6-p">{content}</div>'
            f'<div class="_3-94 _a6-o">{when}</div></div>'
            for who, content, when in blocks
        )
        + "</main></body></html>"
    )


def spoken(words: str) -> str:
    reactions = '<ul class="_a6-q"><li><span>❤Ana</span></li></ul>'
    return f"<div><div></div><div>{words}</div><div></div><div></div><div>{reactions}</div></div>"


def test_messages_in_html(tmp_path: Path) -> None:
    content = page(
        ("Mara", spoken("I bake rye<br />&amp; more"), "May 14, 2024 9:41 am"),
        ("Ana", spoken("Ich bin Allergikerin"), "14. Mai 2024 09:42"),
        (
            "Mara",
            '<div><div></div><a href="x.jpg"><img src="x.jpg" /></a></div>',
            "May 14, 2024 9:43 am",
        ),
    )
    found = in_every_form(tmp_path, "message_1.html", content, me="Mara")
    assert found.formats == {"meta-pages": 1}
    assert found.lines == [
        ("user", "messenger", "I bake rye\n& more"),
        ("other", "messenger", "Ich bin Allergikerin"),
    ]
    assert [str(item.time) for item in found.items] == [
        "2024-05-14 09:41:00+00:00",
        "2024-05-14 09:42:00+00:00",
    ]


def test_other_pages_ask_for_the_export_in_json(tmp_path: Path) -> None:
    path = tmp_path / "posts_1.html"
    image = '<a target="_blank" href="x.jpg"><img src="x.jpg" class="_a6_o _3-96" /></a>'
    path.write_text(page(("Sunday loaf", image, "May 14, 2024 9:41 am")))
    with pytest.raises(HistoryItemError, match="again with the format JSON"):
        read(path)
