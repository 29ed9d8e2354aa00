"""What was written in other apps of notes, in a WordPress blog and beside books."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from exported import folder_of, in_every_form, read

from guided_profile.graph.errors import HistoryItemError

TIME = datetime(2024, 5, 14, 9, 41, 32, tzinfo=UTC)

EVERNOTE = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE en-export SYSTEM "http://xml.evernote.com/pub/evernote-export3.dtd">
<en-export export-date="20240601T052957Z" application="Evernote" version="10.8.5">
<note><title>Sauerteig</title><created>20240514T094132Z</created><tag>Brot</tag>
<content><![CDATA[<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<!DOCTYPE en-note SYSTEM "http://xml.evernote.com/pub/enml2.dtd"><en-note><div>Er ist &amp; bleibt
alt.</div><blockquote>Of somebody</blockquote><div><br/></div><en-todo checked="true"/>Mehl
</en-note>]]></content><resource><data encoding="base64">AAAA</data></resource></note>
<note><title>Rye for beginners</title><created>20240514T094132Z</created>
<note-attributes><source>web.clip7</source><source-url>https://example.org/rye</source-url>
</note-attributes><content><![CDATA[<en-note>The page's words</en-note>]]></content></note>
</en-export>"""


def test_evernote_s_notes_are_told_from_what_was_clipped(tmp_path: Path) -> None:
    found = in_every_form(tmp_path, "My notes.enex", EVERNOTE)
    assert found.formats == {"evernote": 1}
    assert found.lines == [
        ("user", "notes", "Sauerteig: Er ist & bleibt alt.\n\nMehl"),
        ("user", "bookmarks", "Rye for beginners (example.org)"),
    ]
    assert [(item.category, item.time, item.kind) for item in found.items] == [
        ("Brot", TIME, "said"),
        (None, TIME, "did"),
    ]


def test_what_is_cut_short_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    cut = EVERNOTE[: EVERNOTE.index("The page's")]
    found = read(folder_of(tmp_path, {"x": cut}) / "x")
    assert len(found.items) == 1
    assert [entry.reason for entry in found.refused] == [
        "is not XML, so it and what follows were not read"
    ]


def post(
    title: str, text: str, *, author: str = "mara", kind: str = "post", state: str = "publish"
):
    return (
        f"<item><title>{title}</title><dc:creator><![CDATA[{author}]]></dc:creator>"
        f"<content:encoded><![CDATA[{text}]]></content:encoded><wp:post_id>1</wp:post_id>"
        "<wp:post_date_gmt><![CDATA[2024-05-14 09:41:32]]></wp:post_date_gmt>"
        f"<wp:status><![CDATA[{state}]]></wp:status><wp:post_type><![CDATA[{kind}]]></wp:post_type>"
        '<category domain="category" nicename="b"><![CDATA[Bread]]></category><wp:comment>'
        "<wp:comment_content><![CDATA[Of a reader]]></wp:comment_content></wp:comment></item>"
    )


def blog(*posts: str) -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8" ?><rss version="2.0" '
        'xmlns:content="http://purl.org/rss/1.0/modules/content/" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns:wp="http://wordpress.org/export/1.2/"><channel><title>Blog</title>'
        f"{''.join(posts)}</channel></rss>"
    )


def test_a_blog_s_posts_are_its_author_s(tmp_path: Path) -> None:
    written = blog(
        post(
            "Rye", "<!-- wp:paragraph --><p>I bake.</p><blockquote>No.</blockquote>[gallery id=1]"
        ),
        post("menu", "x", kind="nav_menu_item"),
        post("old", "x", state="trash"),
    )
    found = in_every_form(tmp_path, "blog.WordPress.2024-06-01.xml", written)
    assert found.formats == {"wordpress": 1}
    assert found.lines == [("user", "posts", "Rye: I bake.")]
    assert (found.items[0].category, found.items[0].time) == ("Bread", TIME)
    assert found.skipped == {
        "pictures, menus and other parts of the site": 1,
        "deleted posts": 1,
    }


def test_a_blog_of_several_asks_who_the_user_is(tmp_path: Path) -> None:
    written = blog(post("Rye", "I bake."), post("Salt", "I cook.", author="ana"))
    path = folder_of(tmp_path, {"x.xml": written}) / "x.xml"
    with pytest.raises(HistoryItemError, match="--me which of the authors is the user: 'mara'"):
        read(path)
    found = read(path, me="Ana")
    assert found.texts == ["Salt: I cook."]
    assert found.skipped == {"posts of others": 1}


NOTEBOOK = """<?xml version="1.0"?><html><head><title></title></head><body>
<div class='notebookFor'>Notizbuch für</div><div class="bookTitle">Dune</div>
<div class="authors">Herbert, Frank</div><div class="citation">x</div><hr/>
<div class="sectionHeading">Book I</div>
<h3 class='noteHeading'>Markierung (<span class="highlight_yellow">gelb</span>) - Position 234</h3>
<div class='noteText'>Fear is the <b>mind-killer</b>.</h3>
<div class="noteHeading">Notiz - Position 236</div><div class="noteText">Calm helps.</div>
<div class="noteHeading">Ord (<span class="highlight_blue">blå</span>) - 9</div>
<div class="noteText">In a language of no list.</div></body></html>"""


def test_the_kindle_app_s_notebook_is_told_apart_too(tmp_path: Path) -> None:
    found = in_every_form(tmp_path, "Dune - Notizbuch.html", NOTEBOOK)
    assert found.formats == {"kindle-notebook": 1}
    assert found.lines == [
        ("other", "highlights", "highlighted in Dune (Herbert, Frank): Fear is the mind-killer."),
        ("user", "notes", "note on Dune (Herbert, Frank): Calm helps."),
        (
            "other",
            "highlights",
            "highlighted in Dune (Herbert, Frank): In a language of no list.",
        ),
        ("user", "read", "Dune (Herbert, Frank) (marked 2 passages)"),
    ]


def test_readwise_s_notes_are_told_from_what_was_marked(tmp_path: Path) -> None:
    table = (
        "Highlight,Book Title,Book Author,Amazon Book ID,Note,Color,Tags,Location Type,Location,"
        "Highlighted at,Document tags\n"
        "Fear is the mind-killer.,Dune,Frank Herbert,B00,Calm helps.,,,page,3,"
        "2024-05-14 09:41:32+00:00,\n"
        "A second one.,Dune,Frank Herbert,B00,.favorite,,,page,4,2024-05-14 09:41:32+00:00,\n"
    )
    found = in_every_form(tmp_path, "readwise-data.csv", table)
    assert found.formats == {"readwise": 1}
    assert found.lines == [
        ("other", "highlights", "highlighted in Dune (Frank Herbert): Fear is the mind-killer."),
        ("user", "notes", "note on Dune (Frank Herbert): Calm helps."),
        ("other", "highlights", "highlighted in Dune (Frank Herbert): A second one."),
        ("user", "read", "Dune (Frank Herbert) (marked 2 passages, 2024-05)"),
    ]
    assert {item.time for item in found.items} == {TIME}


def test_simplenote_s_notes_are_read_without_the_bin(tmp_path: Path) -> None:
    notes = {
        "activeNotes": [
            {
                "id": "a",
                "content": "Rye\n> of others\nis old",
                "creationDate": "2024-05-14T09:41:32Z",
            }
        ],
        "trashedNotes": [{"id": "b", "content": "gone"}],
    }
    found = in_every_form(tmp_path, "notes.json", json.dumps(notes))
    assert found.formats == {"simplenote": 1}
    assert [(item.text, item.time) for item in found.items] == [("Rye\nis old", TIME)]
