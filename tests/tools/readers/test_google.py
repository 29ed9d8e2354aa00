"""Google's Takeout: what was searched, watched and visited, in any language, summed up."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.exported import in_every_form, read, zip_of


def activity(title: str, url: str = "", product: str = "Search", **more: Any) -> dict[str, Any]:
    found = {
        "header": product,
        "title": title,
        "time": "2025-05-01T10:11:12.345Z",
        "products": [product],
        "activityControls": ["Web & App Activity"],
        **more,
    }
    return {**found, "titleUrl": url} if url else found


def watch(title: str, by: str = "Strings", **more: Any) -> dict[str, Any]:
    channel = {"name": by, "url": "https://www.youtube.com/channel/UC1"}
    url = f"https://www.youtube.com/watch?v={abs(hash(title))}"
    return activity(title, url, "YouTube", subtitles=[channel], **more)


SEARCH = "https://www.google.com/search?q=rye+bread&hl=en"
AD = {"details": [{"name": "From Google Ads"}]}


def test_my_activity(tmp_path: Path) -> None:
    entries = [
        activity("Searched for rye bread", SEARCH),
        activity("Searched for rye bread", SEARCH, time="2025-06-01T10:11:12Z"),
        activity("Visited Climbing in Graz", "https://example.org/climb"),
        activity("Visited Shoes", "https://example.org/ad", **AD),
        activity("Used Search"),
        watch("Watched How to tune a violin"),
        watch("Watched Rye in ten minutes", "Bread"),
        watch("Watched A bow for beginners"),
        watch("Watched Buy now", "Shop", **AD),
    ]
    found = in_every_form(tmp_path, "MyActivity.json", json.dumps(entries))
    assert found.formats == {"google-activity": 1}
    assert set(found.lines) == {
        ("user", "searches", "rye bread (searched for 2 times, 2025-05 to 2025-06)"),
        ("user", "visited", "Climbing in Graz (visited once, 2025-05)"),
        ("user", "watched", "How to tune a violin, Strings (watched once, 2025-05)"),
        ("user", "watched", "Rye in ten minutes, Bread (watched once, 2025-05)"),
        ("user", "watched", "A bow for beginners, Strings (watched once, 2025-05)"),
    }
    assert found.skipped == {"advertisements": 2, "uses of apps": 1} | (
        {"files of other kinds": 1} if found.skipped["files of other kinds"] else {}
    )
    assert {item.kind for item in found.items} == {"did"}


@pytest.mark.parametrize(
    "form", ["{} angesehen", "Vous avez regardé {}", "「{}」を視聴しました", "{} 시청함"]
)
def test_the_words_around_a_title_are_the_apps(tmp_path: Path, form: str) -> None:
    titles = ["Geige stimmen", "Roggenbrot", "Bogenkunde", "Ein Tag", "Käse", "Am See"]
    path = tmp_path / "Wiedergabeverlauf.json"
    path.write_text(json.dumps([watch(form.format(title)) for title in titles]))
    assert {text.partition(", ")[0].strip("「」") for text in read(path).texts} == set(titles)


def test_gemini(tmp_path: Path) -> None:
    answer = {"safeHtmlItem": [{"html": "<p>At <b>250&nbsp;degrees</b>.</p><p>Then less.</p>"}]}
    prompts = ["How hot for rye?", "And for wheat?", "I only have a gas oven"]
    entries = [activity(f"Prompted {words}", product="Gemini Apps", **answer) for words in prompts]
    found = read(zip_of(tmp_path / "t.zip", {"Takeout/MeineAktivitäten.json": json.dumps(entries)}))
    assert found.lines[:2] == [
        ("user", "gemini", "How hot for rye?"),
        ("other", "gemini", "At 250 degrees.\nThen less."),
    ]
    assert len(found.items) == 6
    assert {item.kind for item in found.items} == {"said"}


def page(*cells: str, product: str = "Search", caption: str = "") -> str:
    blocks = "".join(
        '<div class="outer-cell mdl-cell mdl-cell--12-col mdl-shadow--2dp"><div class="mdl-grid">'
        '<div class="header-cell mdl-cell mdl-cell--12-col"><p class="mdl-typography--title">'
        f"{product}<br></p></div>"
        '<div class="content-cell mdl-cell mdl-cell--6-col mdl-typography--body-1">'
        f"{cell}<br></div>"
        '<div class="content-cell mdl-cell mdl-cell--6-col mdl-typography--body-1 '
        'mdl-typography--text-right"></div>'
        '<div class="content-cell mdl-cell mdl-cell--12-col mdl-typography--caption">'
        f"<b>Products:</b><br>&emsp;{product}<br>{caption}<b>Why is this here?</b><br>&emsp;It was "
        "saved.</div></div></div>"
        for cell in cells
    )
    return f'<html><body><div class="mdl-grid">{blocks}</div></body></html>'


TIMES = {
    "May 1, 2025, 10:11:12\u202fAM UTC": "2025-05-01 10:11:12",
    "01.05.2025, 12:11:12 MESZ": "2025-05-01 10:11:12",
    "1 mai 2025, 12:11:12 CEST": "2025-05-01 10:11:12",
    "1 de mai. de 2025, 07:11:12 BRT": "2025-05-01 10:11:12",
    "2025/05/01 19:11:12 JST": "2025-05-01 10:11:12",
    "2025年5月1日 19:11:12 JST": "2025-05-01 10:11:12",
    "1 مايو 2025، 10:11:12 UTC": "2025-05-01 10:11:12",
    "1 May 2025, 11:11:12 BST": "2025-05-01 10:11:12",
    "2025. 5. 1. 오후 7:11:12 KST": "2025-05-01 10:11:12",
    "1 mai 2025, 12:11:12 HAEC": "2025-05-01 10:11:12",
    "1 мая 2025 г., 13:11:12 MSK": "2025-05-01 10:11:12",
}


@pytest.mark.parametrize("time", TIMES)
def test_pages_in_other_languages(tmp_path: Path, time: str) -> None:
    cell = f'Nach <a href="{SEARCH}">rye bread</a> gesucht<br>{time}'
    found = in_every_form(tmp_path, "MyActivity.html", page(cell))
    assert found.formats == {"google-activity": 1}
    assert found.texts == ["rye bread (searched for once, 2025-05)"]
    assert str(found.items[0].time).startswith(TIMES[time])


def test_a_page_of_films_and_advertisements(tmp_path: Path) -> None:
    film = (
        'Watched&nbsp;<a href="https://www.youtube.com/watch?v=a">Tune a violin</a><br>'
        '<a href="https://www.youtube.com/channel/UC1">Strings</a><br>Jul 25, 2022, 6:11:56 PM PDT'
    )
    path = tmp_path / "watch-history.html"
    path.write_text(page(film, film, product="YouTube"))
    assert read(path).texts == ["Tune a violin, Strings (watched 2 times, 2022-07)"]
    ad = "<b>Details:</b><br>&emsp;From Google Ads<br>"
    path.write_text(page(film, product="YouTube", caption=ad))
    assert read(path).skipped == {"advertisements": 1}
    place = (
        '<b>Locations:</b><br>&emsp;<a href="https://www.google.com/maps/@1,2">Near Graz</a><br>'
    )
    path.write_text(page(film, product="YouTube", caption=place))
    assert len(read(path).items) == 1


def test_a_page_of_gemini(tmp_path: Path) -> None:
    cell = "Prompted&nbsp;How hot for rye?<br>Apr 12, 2026, 3:34:31\u202fPM UTC<br><p>At 250.</p>"
    path = tmp_path / "MyActivity.html"
    path.write_text(page(cell, product="Gemini Apps"))
    assert read(path).lines == [
        ("user", "gemini", "How hot for rye?"),
        ("other", "gemini", "At 250."),
    ]


def test_a_page_cut_short(tmp_path: Path) -> None:
    cell = f'Searched for <a href="{SEARCH}">rye bread</a><br>May 1, 2025, 10:11:12 AM UTC'
    whole = page(cell, cell)
    path = tmp_path / "MyActivity.html"
    path.write_text(whole[: whole.rindex("mdl-typography--title")])
    found = read(path)
    assert found.texts == ["rye bread (searched for once, 2025-05)"]
    assert len(found.refused) == 1


def test_chrome(tmp_path: Path) -> None:
    def visit(title: str, url: str, **more: Any) -> dict[str, Any]:
        return {"title": title, "url": url, "time_usec": 1714558272345678, **more}

    entries = [
        visit("Cargo bikes", "https://www.example.org/bikes", page_transition="LINK"),
        visit("Cargo bikes", "https://www.example.org/bikes"),
        visit("rye - Google Search", "https://www.google.com/search?q=rye"),
        visit("", "https://example.org/x"),
        visit("Settings", "chrome://settings"),
        visit("Frame", "https://example.org/f", page_transition="AUTO_SUBFRAME"),
    ]
    found = in_every_form(
        tmp_path, "Verlauf.json", json.dumps({"Browser History": entries, "Session": []})
    )
    assert found.formats == {"chrome": 1}
    assert found.lines == [
        ("user", "visited", "Cargo bikes, example.org (visited 2 times, 2024-05)"),
        ("user", "searches", "rye (searched for once, 2024-05)"),
    ]


def test_keep(tmp_path: Path) -> None:
    def note(**more: Any) -> str:
        times = {"userEditedTimestampUsec": 1714558272345678, "isTrashed": False}
        return json.dumps({"color": "DEFAULT", "title": "", "textContent": "", **times, **more})

    files = {
        "Takeout/Keep/a.json": note(
            title="Bread", textContent="Rye on Sundays", labels=[{"name": "food"}]
        ),
        "Takeout/Keep/b.json": note(
            title="Shop", listContent=[{"text": "flour"}, {"text": "salt"}]
        ),
        "Takeout/Keep/c.json": note(textContent="old", isTrashed=True),
        "Takeout/Keep/Labels.txt": "food\n",
    }
    found = read(zip_of(tmp_path / "t.zip", files))
    assert found.formats == {"google-keep": 3}
    assert found.texts == ["Bread\nRye on Sundays", "Shop\nflour\nsalt"]
    assert found.items[0].category == "food"
    assert found.skipped["notes in the bin"] == 1


def test_play(tmp_path: Path) -> None:
    doc = {"documentType": "Android Apps", "title": "Tuner"}
    files = {
        "Purchase History.json": [
            {
                "purchaseHistory": {
                    "invoicePrice": "$1",
                    "doc": doc,
                    "purchaseTime": "2020-05-25T03:11:53.055Z",
                }
            }
        ],
        "Order History.json": [
            {
                "orderHistory": {
                    "orderId": "G",
                    "creationTime": "2020-05-25T03:11:50Z",
                    "lineItem": [{"doc": doc}],
                }
            }
        ],
        "Installs.json": [
            {"install": {"doc": doc, "firstInstallationTime": "2020-05-26T03:11:53Z"}}
        ],
    }
    found = read(
        zip_of(tmp_path / "t.zip", {name: json.dumps(content) for name, content in files.items()})
    )
    assert found.formats == {"google-play": 3}
    assert set(found.lines) == {
        ("user", "purchases", "Tuner"),
        ("user", "apps", "installed the app Tuner"),
    }
    assert found.skipped == {"orders that are purchases too": 1}


CHANNEL = "UC" + "a" * 22
COMMENTS = {
    "en": "Comment ID,Channel ID,Comment Create Timestamp,Price,Parent Comment ID,Video ID,"
    "Comment Text",
    "de": "Kommentar-ID,Kanal-ID,Erstellzeitpunkt,Preis,Übergeordnet,Video-ID,Kommentartext",
}


@pytest.mark.parametrize("language", COMMENTS)
def test_youtubes_comments(tmp_path: Path, language: str) -> None:
    rows = [
        f'Ug1,{CHANNEL},2023-09-19T17:42:53.434647+00:00,0,,v,"{{""text"":""I love rye""}}"',
        f"Ug2,{CHANNEL},2023-09-20T17:42:53+00:00,0,Ug1,v,"
        '"{""takeoutSegments"":[{""text"":""me, too""}]}"',
        f"Ug3,{CHANNEL},2023-09-21T17:42:53+00:00,0,,v,"
        '"{""text"":""one ""}},{{""text"":""two""}"'.replace("}}", "}").replace("{{", "{"),
    ]
    found = in_every_form(tmp_path, "comments.csv", "\n".join([COMMENTS[language], *rows, ""]))
    assert found.formats == {"youtube": 1}
    assert found.texts == ["I love rye", "me, too", "one two"]
    assert str(found.items[0].time).startswith("2023-09-19 17:42:53")


@pytest.mark.parametrize(
    "header", ["Channel Id,Channel Url,Channel Title", "Kanal-ID,Kanal-URL,Kanaltitel"]
)
def test_youtubes_subscriptions(tmp_path: Path, header: str) -> None:
    row = f"{CHANNEL},http://www.youtube.com/channel/{CHANNEL},Strings & Bows"
    found = in_every_form(tmp_path, "Abos.csv", f"{header}\n{row}\n")
    assert found.lines == [("user", "subscriptions", "subscribes to the channel Strings & Bows")]
