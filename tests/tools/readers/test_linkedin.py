"""LinkedIn's tables: what the user says of themselves, and wrote; others' words are others'."""

from pathlib import Path

import pytest

from guided_profile.graph.errors import HistoryItemError
from tests.support.exported import in_every_form, read, zip_of

POSTS = (
    "Date,ShareLink,ShareCommentary,SharedUrl,MediaUrl,Visibility\n"
    '2024-05-14 09:41:32,https://l/1,"I bake rye.""\n""Every Sunday.",,,MEMBER_NETWORK\n'
    "2024-05-15 09:41:32,https://l/2,,https://x,,MEMBER_NETWORK\n"
)
MESSAGES = (
    "CONVERSATION ID,CONVERSATION TITLE,FROM,SENDER PROFILE URL,TO,RECIPIENT PROFILE URLS,DATE,"
    "SUBJECT,CONTENT,FOLDER,ATTACHMENTS,IS MESSAGE DRAFT\n"
    "c1,,Mara Lind,https://l/mara,Bo Ek,https://l/bo,2024-05-14 09:41:32 UTC,,"
    "I am a nurse,INBOX,,No\n"
    "c1,,Bo Ek,https://l/bo,Mara Lind,https://l/mara,2024-05-14 09:42:32 UTC,,me too,INBOX,,No\n"
)
PROFILE = (
    "First Name,Last Name,Maiden Name,Address,Birth Date,Headline,Summary,Industry\n"
    'Mara,Lind,,"Somewhere 1",May 1,Nurse in Graz,I love my work.,Health\n'
)


def test_posts(tmp_path: Path) -> None:
    found = in_every_form(tmp_path, "Shares.csv", POSTS)
    assert found.formats == {"linkedin": 1}
    assert found.lines == [("user", "posts", "I bake rye.\nEvery Sunday.")]
    assert str(found.items[0].time) == "2024-05-14 09:41:32+00:00"


def test_the_whole_copy(tmp_path: Path) -> None:
    files = {
        "Shares.csv": POSTS,
        "Comments.csv": "Date,Link,Message\n2024-05-14 09:41:32,https://l/3,Well said\n",
        "Reactions.csv": "Date,Type,Link\n2024-05-14 09:41:32,LIKE,https://l/4\n",
        "messages.csv": MESSAGES,
        "Profile.csv": PROFILE,
        "Positions.csv": "Company Name,Title,Description,Location,Started On,Finished On\n"
        "Ward 3,Nurse,Nights.,Graz,May 2019,\n",
        "Education.csv": "School Name,Start Date,End Date,Notes,Degree Name,Activities\n"
        "Uni Graz,2010,2014,,Nursing,\n",
        "SearchQueries.csv": "Time,Search Query\n2024/05/14 09:41:32 UTC,night work\n",
        "Connections.csv": 'Notes:\n"Some are missing."\n\nFirst Name,Last Name,URL,Email Address,'
        "Company,Position,Connected On\nBo,Ek,https://l/bo,,Bread,Baker,14 May 2024\n",
    }
    found = read(zip_of(tmp_path / "Basic_LinkedInDataExport.zip", files))
    assert set(found.lines) == {
        ("user", "posts", "I bake rye.\nEvery Sunday."),
        ("user", "comments", "Well said"),
        ("user", "profile", "Nurse in Graz\nI love my work.\nHealth"),
        ("user", "positions", "works or worked as Nurse at Ward 3 (May 2019 to today): Nights."),
        ("user", "education", "studied at Uni Graz (2010 to 2014): Nursing"),
        ("user", "searches", "night work"),
        ("user", "linkedin", "I am a nurse"),
        ("other", "linkedin", "me too"),
    }
    assert found.skipped["reactions to others' posts"] == 1
    assert found.skipped["files of other kinds"] == 1
    times = {item.source: str(item.time) for item in found.items}
    assert times["searches"] == times["comments"] == "2024-05-14 09:41:32+00:00"


def test_messages_alone_ask_whose(tmp_path: Path) -> None:
    path = tmp_path / "messages.csv"
    path.write_text(MESSAGES)
    with pytest.raises(HistoryItemError, match="'Mara Lind', 'Bo Ek'"):
        read(path)
    assert read(path, me="Bo Ek").lines[0][0] == "other"
    with pytest.raises(HistoryItemError, match="nobody in the export is 'Bo Eck'"):
        read(path, me="Bo Eck")
