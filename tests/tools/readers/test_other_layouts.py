"""Layouts of other countries and years: what is not the user's, or was not done, stays out."""

import json
import zipfile
from datetime import UTC
from pathlib import Path

import pytest
from pydantic import ValidationError

from guided_profile.graph.errors import HistoryItemError
from guided_profile.graph.records import HistoryItem
from guided_profile.tools.readers.notices import is_notice
from guided_profile.tools.readers.times import date_order, read_time
from guided_profile.tools.readers.writing.mail_text import own_words
from tests.support.exported import read, zip_of


def days(folder: Path, name: str, text: str, me: str = "") -> list[tuple[str, str]]:
    path = folder / name
    path.write_text(text, "utf-8")
    items = read(path, me=me or None).items
    return [(f"{item.time:%Y-%m-%d %H:%M}", item.text) for item in items]


@pytest.mark.parametrize("begin", ["[25. 3. 4. 오후 9:41:00] ", "25. 3. 4. 21:41 - "])
def test_a_korean_chat_has_its_year_first(tmp_path: Path, begin: str) -> None:
    later = begin.replace("3. 4.", "3. 5.")
    found = days(tmp_path, "chat.txt", f"{begin}Mina: 안녕\n{later}Joon: 응, 안녕\n", "Mina")
    assert found == [("2025-03-04 21:41", "안녕"), ("2025-03-05 21:41", "응, 안녕")]


@pytest.mark.parametrize("date", ["25. 3. 4.", "2025. 3. 4.", "25. 3. 4. 오전 12:00"])
def test_a_korean_date_has_its_year_first(date: str) -> None:
    assert date_order([date]) is None
    assert f"{read_time(date, UTC):%Y-%m-%d}" == "2025-03-04"


def test_a_month_with_dots_does_not_come_first() -> None:
    assert date_order(["12.03.24", "11.03.24"]) == "dmy"
    assert date_order(["12.03.24", "12.25.24"]) == "mdy"
    with pytest.raises(HistoryItemError):
        date_order(["12/03/24", "11/03/24"])


def test_what_a_comment_on_reddit_quotes_is_not_the_users(tmp_path: Path) -> None:
    path = tmp_path / "comments.csv"
    path.write_text(
        "id,permalink,date,ip,subreddit,gildings,link,parent,body,media\n"
        'c1,p,2024-05-14 09:41:32 UTC,,Breadit,0,l,,"> I hate rye\n\nI like it\n\n>!burnt!<",\n'
        "c2,p,2024-05-14 09:41:32 UTC,,Breadit,0,l,,> nothing else,\n"
    )
    found = read(path)
    assert found.texts == ["I like it\n\nburnt"]
    assert found.skipped["comments that only quote"] == 1


@pytest.mark.parametrize(
    "table",
    [
        "Konto;0123\n\nDate;Libellé;Débit euros;Crédit euros;\n"
        "12/03/2024;BOULANGERIE;4,20;;\n25/03/2024;SALAIRE;;2100,00;\n",
        "Date,Description,Amount,Running Bal.\n03/12/2024,BOULANGERIE,-4.20,10.00\n"
        "03/25/2024,SALAIRE,2100.00,2110.00\n",
    ],
)
def test_what_came_into_an_account_was_not_paid(tmp_path: Path, table: str) -> None:
    path = tmp_path / "export.csv"
    path.write_text(table, "utf-8")
    found = read(path)
    assert found.formats == {"bank": 1}
    assert found.texts == ["BOULANGERIE (paid once, 2024-03)"]
    assert found.skipped["incoming payments"] == 1


def test_digital_items_that_were_not_delivered(tmp_path: Path) -> None:
    path = tmp_path / "Digital Items.csv"
    path.write_text(
        "ASIN,ProductName,OrderId,IsFulfilled,OrderDate\n"
        "B1,The Wall,D1,Yes,2023-05-02T20:00:00Z\nB2,Never Came,D2,No,2023-05-02T20:00:00Z\n"
    )
    found = read(path)
    assert found.texts == ["The Wall (bought once, 2023-05)"]
    assert found.skipped["cancelled orders"] == 1


def test_what_was_rated_since_it_was_put_on_the_watchlist_was_watched(tmp_path: Path) -> None:
    path = tmp_path / "WATCHLIST.csv"
    row = (
        "{0},tt000010{0},2024-01-05,2024-01-05,,Fog {0},Fog {0},https://www.imdb.com/title/"
        "tt000010{0}/,Movie,7.1,99,1999,Drama,9,1999-01-01,Ann Ray,{1}\n"
    )
    path.write_text(
        "Position,Const,Created,Modified,Description,Title,Original Title,URL,Title Type,IMDb "
        "Rating,Runtime (mins),Year,Genres,Num Votes,Release Date,Directors,Your Rating,Date Rated"
        "\n" + row.format(1, ",") + row.format(2, "9,2024-02-06")
    )
    found = read(path)
    assert found.texts == ["wants to watch: Fog 1 (1999)", "Fog 2 (1999) (rated 9 of 10)"]
    assert [f"{item.time:%m-%d}" for item in found.items] == ["01-05", "02-06"]


def test_the_rating_and_the_year_in_imdbs_old_tables(tmp_path: Path) -> None:
    path = tmp_path / "ratings.csv"
    path.write_text(
        '"position","const","created","modified","description","Title","Title type","Directors",'
        '"You rated","IMDb Rating","Runtime (mins)","Year","Genres","Num. Votes","Release Date '
        '(month/day/year)","URL"\n"1","tt0000101","Tue Jan 31 00:00:00 2012","","","Fog","Feature '
        'Film","Ann Ray","9","8.1","99","1979","drama","14","1979-05-25",'
        '"http://www.imdb.com/title/tt0000101/"\n'
    )
    assert read(path).texts == ["has on a list: Fog (1979) (rated 9 of 10)"]


def asked(title: str, **more: object) -> dict[str, object]:
    return {
        "header": "Gemini Apps",
        "title": title,
        "time": "2025-05-01T10:11:12.345Z",
        "products": ["Gemini Apps"],
        **more,
    }


@pytest.mark.parametrize(
    ("form", "other"),
    [
        ("Prompted {}", "Gave feedback: Good response"),
        ("Vous avez saisi {}", "Vous avez donné un avis"),
    ],
)
def test_what_is_done_in_gemini_beside_asking_is_not_said(
    tmp_path: Path, form: str, other: str
) -> None:
    answer = {"safeHtmlItem": [{"html": "<p>Yes.</p>"}]}
    titles = ["rye", "a kiln", "my cat", "how to sew", "glazes", "one more", "bread", "salt"]
    entries = [asked(form.format(title), **answer) for title in titles]
    entries += [asked(form.format("without an answer")), asked(other)]
    path = tmp_path / "MyActivity.json"
    path.write_text(json.dumps(entries), "utf-8")
    found = read(path)
    own = [text for role, _, text in found.lines if role == "user"]
    assert own == [*titles, "without an answer"]
    assert found.skipped == {"uses of apps": 1}


def test_reviews_in_google_play_are_found(tmp_path: Path) -> None:
    review = {
        "creationTime": "2024-03-12T20:41:05.123Z",
        "document": {"documentType": "Android Apps", "title": "Timer"},
        "starRating": 2,
        "comment": "it crashes",
    }
    files = {"Takeout/Google Play Store/Reviews.json": json.dumps([{"review": review}])}
    assert read(zip_of(tmp_path / "t.zip", files)).texts == ["Timer (rated 2 of 5): it crashes"]


def test_subtitles_are_no_chat(tmp_path: Path) -> None:
    path = tmp_path / "film.txt"
    path.write_text(
        "1\n00:00:01,000 --> 00:00:04,000\nWhere are you going?\n\n"
        "2\n00:00:05,000 --> 00:00:07,000\nTo the harbour.\n"
    )
    with pytest.raises(HistoryItemError, match="is no kind of file"):
        read(path)


@pytest.mark.parametrize(
    "text",
    [
        "Rechnung.pdf • \u200e2 Seiten \u200eDokument weggelassen",
        "a b.docx \u200edocument omitted",
        "[写真]",
        "☎ 通話時間 1:23",
        "사진 3장",
        "Du raderade det här meddelandet",
        "آپ نے یہ پیغام حذف کر دیا",
        "Anda telah memadam mesej ini",
    ],
)
def test_what_stands_for_a_file_or_a_call_is_a_notice(text: str) -> None:
    assert is_notice(text)


@pytest.mark.parametrize("text", ["[OK]", "사진 봤어?", "the pdf • see page 2"])
def test_what_only_looks_like_it_is_not(text: str) -> None:
    assert not is_notice(text)


def test_a_chat_that_is_cut_short_in_what_begins_a_message(tmp_path: Path) -> None:
    chat = "05.03.25, 21:41 - Mina: hi\n05.03.25, 21:42 - Joon: yes\n05.03.25, 21:43 -"
    found = days(tmp_path, "chat.txt", chat, "Mina")
    assert [text for _, text in found] == ["hi", "yes"]


def test_memories_whose_first_line_begins_as_json_does(tmp_path: Path) -> None:
    path = tmp_path / "memories.txt"
    path.write_text("[2024-03-12] - User is a potter.\n[unknown] - User has a cat.\n")
    found = read(path)
    assert found.formats == {"memories": 1}
    assert {role for role, _, _ in found.lines} == {"other"}


def test_tasks_and_journals_of_a_calendar(tmp_path: Path) -> None:
    path = tmp_path / "tasks.ics"
    path.write_text(
        "BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VTODO\nSUMMARY:Taxes\nSTATUS:COMPLETED\n"
        "DUE:20240501T000000Z\nCOMPLETED:20240401T090000Z\nEND:VTODO\n"
        "BEGIN:VJOURNAL\nDTSTART;VALUE=DATE:20240402\nSUMMARY:Kiln\n"
        "DESCRIPTION:It went well\nEND:VJOURNAL\nEND:VCALENDAR\n"
    )
    items = read(path).items
    assert [(f"{item.time:%m-%d}", item.text, item.kind) for item in items] == [
        ("04-01", "Taxes (a task, done)", "did"),
        ("04-02", "Kiln\nIt went well", "said"),
    ]


def test_an_answer_below_each_quote_is_the_writers() -> None:
    text = (
        "On Tuesday, 12 March 2024 at 20:00, Max of the pottery\n<max@example.org> wrote:\n\n"
        "> I only fly, and what I say here is broken by\nhis program.\n> Yes.\n\n"
        "I take the train.\n\n> And where do you sleep?\n\nIn a tent.\n"
    )
    assert own_words(text).split("\n\n") == ["I take the train.", "In a tent."]


@pytest.mark.parametrize(
    "time", ["Tuesday, March 12, 2024 at 8:41:05\u202fPM UTC", "12. März 2024 um 20:41:05 UTC"]
)
def test_a_word_may_join_the_date_and_the_time_of_day(time: str) -> None:
    assert str(read_time(time, UTC)) == "2024-03-12 20:41:05+00:00"


def test_who_wrote_may_be_an_object_with_a_name(tmp_path: Path) -> None:
    path = tmp_path / "messages.json"
    people = ["Max", "Anna"]
    messages = [{"creator": {"name": who, "email": "e"}, "text": f"I am {who}"} for who in people]
    path.write_text(json.dumps({"messages": messages}))
    assert read(path, me="Anna").lines == [
        ("other", "notes", "I am Max"),
        ("user", "notes", "I am Anna"),
    ]


@pytest.mark.parametrize(
    ("encoding", "lines"),
    [
        ("cp1252", ["Ich töpfere gern", "Kaffee schmeckt mir ohne Zucker", "Nach Köln ziehen?"]),
        ("shift-jis", ["明日は粘土を買いに行くつもり", "コーヒーは砂糖なしが好き", "散歩した"]),
    ],
)
def test_notes_of_an_older_computer(tmp_path: Path, encoding: str, lines: list[str]) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes("\n".join(lines).encode(encoding))
    found = read(path)
    assert found.texts == lines
    assert not found.refused


@pytest.mark.parametrize("time", ["45363.5", "45363", 45363.5])
def test_a_spreadsheets_count_of_days_is_no_time_of_1970(time: float | str) -> None:
    with pytest.raises(ValidationError, match="neither a date nor a Unix time"):
        HistoryItem(text="a kiln", time=time)  # type: ignore[arg-type]


def test_dates_of_a_page_that_may_be_read_in_two_ways_are_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "watch-history.html"
    path.write_text(
        '<div class="outer-cell mdl-cell"><div class="mdl-grid"><div class="content-cell mdl-cell">'
        '<a href="https://www.youtube.com/watch?v=a">Clay</a><br>'
        "12/03/2024, 21:41:05 UTC</div></div></div>"
    )
    with pytest.raises(HistoryItemError, match="two ways"):
        read(path)
    (item,) = read(path, dates="dmy").items
    assert f"{item.time:%Y-%m-%d}" == "2024-03-12"


def test_a_page_of_an_extension_that_names_the_account_above(tmp_path: Path) -> None:
    path = tmp_path / "chat.md"
    path.write_text(
        "# Rye\n\n**User:** Anna\n**Created:** 3/12/2024\n\n## Prompt:\nHow do I feed rye?\n\n"
        "* * *\n\n## Response:\nDaily.\n\n* * *\n\n## Prompt:\nI bake on Sundays\n"
    )
    assert [(role, text) for role, _, text in read(path).lines] == [
        ("user", "How do I feed rye?"),
        ("other", "Daily."),
        ("user", "I bake on Sundays"),
    ]


def test_a_payment_that_was_received_by_paypal(tmp_path: Path) -> None:
    path = tmp_path / "Download.CSV"
    path.write_text(
        '"Datum","Uhrzeit","Name","Typ","Brutto","Empfänger E-Mail-Adresse"\n'
        '"12.03.2024","21:41:05","Ton Nord","Zahlung","-45,90","shop@example.org"\n'
        '"13.03.2024","21:41:05","Max","Zahlung","20,00","anna@example.org"\n'
    )
    assert read(path).texts == ["Ton Nord (paid once, 2024-03)"]


def test_reactions_behind_a_message_of_signal(tmp_path: Path) -> None:
    path = tmp_path / "chat.md"
    path.write_text(
        "[2024-03-12 21:41] Max: hi\n[2024-03-12 21:42] Me: nice (- Max: 👍, Me: ❤ -)\n"
    )
    assert read(path).texts == ["hi", "nice"]


def test_one_conversation_of_claude_by_itself(tmp_path: Path) -> None:
    message = {"uuid": "m", "text": "I fire at cone 10", "sender": "human"}
    path = tmp_path / "conversation.json"
    path.write_text(json.dumps({"uuid": "c", "name": "x", "chat_messages": [message]}))
    assert read(path).lines == [("user", "claude", "I fire at cone 10")]


def test_events_that_were_declined_are_counted(tmp_path: Path) -> None:
    answers = {
        "events_joined": [{"name": "Fair", "start_timestamp": 1710276065}],
        "events_declined": [{"name": "Golf", "start_timestamp": 1710276065}],
        "events_interested": [{"name": "Film", "start_timestamp": 1710276065}],
    }
    path = tmp_path / "your_event_responses.json"
    path.write_text(json.dumps({"event_responses_v2": answers}))
    found = read(path)
    assert found.texts == ["takes part in Fair"]
    assert sum(found.skipped.values()) == 2


def test_links_alone_are_no_notes(tmp_path: Path) -> None:
    path = tmp_path / "links.txt"
    path.write_text("https://a.example/1\nhttps://b.example/2\n")
    with pytest.raises(HistoryItemError, match="is no kind of file"):
        read(path)


def test_a_zip_with_a_file_of_no_name(tmp_path: Path) -> None:
    path = tmp_path / "export.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("~", "nothing")
        archive.writestr("notes/a.jsonl", '{"text": "I bake rye"}\n')
    path.write_bytes(path.read_bytes().replace(b"~", b"\0"))  # zipfile ends names at a NUL
    assert read(path).texts == ["I bake rye"]
