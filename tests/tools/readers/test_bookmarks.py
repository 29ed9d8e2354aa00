"""Bookmarks, feeds and what was kept to read."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from exported import Read, folder_of, in_every_form, read

ADDED = 1714558272
TIME = datetime.fromtimestamp(ADDED, UTC)

FIREFOX = f"""<!DOCTYPE NETSCAPE-Bookmark-file-1>
<!-- This is an automatically generated file. -->
<META HTTP-EQUIV="Content-Type" CONTENT="text/html; charset=UTF-8">
<TITLE>Lesezeichen</TITLE>
<H1>Lesezeichen-Menü</H1>

<DL><p>
    <DT><H3 PERSONAL_TOOLBAR_FOLDER="true">Lesezeichen-Symbolleiste</H3>
    <DL><p>
        <DT><A HREF="https://example.org/rye" ADD_DATE="{ADDED}" ICON="data:x">Rye &amp; spelt</A>
        <DT><H3>Brot</H3>
        <DL><p>
            <DT><A HREF="https://www.example.org/a-long_way.html" ADD_DATE="{ADDED}"></A>
            <DD>what the page says of itself
            <HR>
            <DT><A HREF="javascript:alert(1)" ADD_DATE="1">Script</A>
        </DL><p>
    </DL><p>
    <DT><A HREF="place:sort=8">Zuletzt besucht</A>
    <DT><A HREF="https://example.com/">خبز</A>
</DL>
"""
SAFARI = """<!DOCTYPE NETSCAPE-Bookmark-file-1>
\t<HTML>
\t<Title>Bookmarks</Title>
\t<H1>Bookmarks</H1>
\t<DT><H3 FOLDED>Bread</H3>
\t<DL><p>
\t\t<DT><A HREF="https://example.org/rye">Rye</A>
\t</DL><p>
\t</HTML>
"""
CHROME = json.dumps(
    {
        "roots": {
            "bookmark_bar": {
                "name": "Bookmarks bar",
                "children": [
                    {
                        "name": "Bread",
                        "children": [
                            {
                                "name": "Rye",
                                "type": "url",
                                "url": "https://example.org/rye",
                                "date_added": str((ADDED + 11644473600) * 10**6),
                            }
                        ],
                    }
                ],
            }
        }
    }
)
OF_FIREFOX = json.dumps(
    {
        "guid": "root________",
        "typeCode": 2,
        "children": [
            {
                "title": "menu",
                "children": [
                    {"title": "Rye", "uri": "https://example.org/rye", "dateAdded": ADDED * 10**6}
                ],
            }
        ],
    }
)


def shown(found: Read) -> list[tuple[str, str | None, datetime | None]]:
    return [(item.text, item.category, item.time) for item in found.items]


def test_a_browser_s_page_is_read_with_its_folders_and_times(tmp_path: Path) -> None:
    found = in_every_form(tmp_path, "bookmarks.html", FIREFOX)
    assert found.formats == {"bookmarks": 1}
    assert shown(found) == [
        ("Rye & spelt (example.org)", None, TIME),
        ("a long way (example.org)", "Brot", TIME),
        ("خبز (example.com)", None, None),
    ]
    assert {(item.role, item.kind, item.source) for item in found.items} == {
        ("user", "did", "bookmarks")
    }
    assert found.skipped == {"links to no page": 2}


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (SAFARI, ("Rye (example.org)", "Bread", None)),
        (CHROME, ("Rye (example.org)", "Bread", TIME)),
        (OF_FIREFOX, ("Rye (example.org)", None, TIME)),
        (
            f'<html><body><h1>Unread</h1><ul><li><a href="https://example.org/rye" '
            f'time_added="{ADDED}" tags="bread|rye">Rye</a></li></ul></body></html>',
            ("Rye (example.org)", "bread", TIME),
        ),
    ],
    ids=["Safari", "Chrome", "Firefox", "Pocket"],
)
def test_other_browsers_and_services_are_read_too(
    tmp_path: Path, page: str, expected: tuple[str, str | None, datetime | None]
) -> None:
    found = in_every_form(tmp_path, "Bookmarks", page)
    assert found.formats == {"bookmarks": 1}
    assert shown(found) == [expected]


def test_a_page_cut_short_says_so(tmp_path: Path) -> None:
    cut = FIREFOX[: FIREFOX.index("a-long_way")]
    found = read(folder_of(tmp_path, {"b.html": cut}) / "b.html")
    assert found.texts == ["Rye & spelt (example.org)"]
    assert [refused.reason for refused in found.refused] == ["the file is cut short here"]


OPML = """<?xml version='1.0' encoding='UTF-8' standalone='no' ?>
<opml version="2.0"><head><title>Feeds</title></head><body>
<outline text="Brot"><outline type="rss" text="Bread &amp; Butter" xmlUrl="https://x.example/rss"
 htmlUrl="https://www.example.org/"/></outline>
<outline type="rss" text="パン" xmlUrl="https://feeds.example.com/y"></outline></body></opml>"""


def test_the_feeds_that_somebody_follows_are_read(tmp_path: Path) -> None:
    found = in_every_form(tmp_path, "feeds.opml", OPML)
    assert found.formats == {"opml": 1}
    assert [(item.text, item.category, item.kind, item.source) for item in found.items] == [
        ("follows Bread & Butter (example.org)", "Brot", "did", "feeds"),
        ("follows パン (feeds.example.com)", None, "did", "feeds"),
    ]


def test_an_outline_without_feeds_is_what_its_writer_wrote(tmp_path: Path) -> None:
    outline = (
        '<opml version="2.0"><body><outline text="Kitchen"><outline text="Buy &lt;b&gt;scales'
        '&lt;/b&gt;" _note="small ones"/></outline><outline text="Rest"/></body></opml>'
    )
    found = read(folder_of(tmp_path, {"plans.opml": outline}) / "plans.opml")
    assert [(item.text, item.kind, item.source) for item in found.items] == [
        ("Kitchen: Buy scales\nsmall ones", "said", "notes"),
        ("Rest", "said", "notes"),
    ]


def test_an_outline_cut_short_says_so(tmp_path: Path) -> None:
    found = read(folder_of(tmp_path, {"f.opml": OPML[: OPML.index("パン")]}) / "f.opml")
    assert found.texts == ["follows Bread & Butter (example.org)"]
    assert [refused.reason for refused in found.refused] == ["the file is cut short here"]


TABLES = {
    "pocket": (
        f'title,url,time_added,tags,status\n"Rye, old",https://example.org/rye,{ADDED},bread|rye,'
        f"unread\nhttps://example.com/my-story,https://example.com/my-story,{ADDED},,archive\n",
        [
            ("Rye, old (example.org): unread", "bread", TIME),
            ("my story (example.com): archived", None, TIME),
        ],
    ),
    "instapaper": (
        f"URL,Title,Selection,Folder,Timestamp\nhttps://example.org/rye,Rye,the author's,Starred,"
        f"{ADDED}\nhttps://example.org/s,Spelt,,Bread,{ADDED}\n",
        [("Rye (example.org): starred", None, TIME), ("Spelt (example.org)", "Bread", TIME)],
    ),
    "raindrop": (
        "id,title,note,excerpt,url,folder,tags,created,cover,highlights,favorite\n"
        "1,Rye,Try on Sunday,the page's,https://example.org/rye,Bread,a,2024-05-01T10:11:12.000Z,"
        ",,true\n",
        [
            ("Rye (example.org): starred", "Bread", TIME),
            ("note on Rye: Try on Sunday", "Bread", TIME),
        ],
    ),
}


@pytest.mark.parametrize(("table", "expected"), TABLES.values(), ids=TABLES)
def test_what_was_kept_to_read_is_read(
    tmp_path: Path, table: str, expected: list[tuple[str, str | None, datetime | None]]
) -> None:
    found = in_every_form(tmp_path, "export.csv", table)
    assert found.formats == {"read-later": 1}
    assert shown(found) == expected
    assert found.items[0].source == "reading list"
