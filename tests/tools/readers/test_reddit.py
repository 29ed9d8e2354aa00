"""Reddit's tables: its times are in UTC, deleted posts and others' messages are not the user's."""

from pathlib import Path

from tests.support.exported import in_every_form, read, zip_of

COMMENTS = (
    "id,permalink,date,ip,subreddit,gildings,link,parent,body,media\n"
    'c1,https://r/x,2024-05-14 09:41:32 UTC,,Breadit,0,https://r/l,,"I bake rye,\nevery Sunday",\n'
    "c2,https://r/y,2024-05-15 09:41:32 UTC,,Breadit,0,https://r/l,t1_c1,[deleted],\n"
)
POSTS = (
    "id,permalink,date,ip,subreddit,gildings,title,url,body\n"
    "p1,https://r/p,2024-05-16 09:41:32 UTC,,Breadit,0,My first rye loaf,/r/p,It was dense.\n"
    "p2,https://r/q,2024-05-16 09:41:32 UTC,,Graz,0,A bike lane,https://example.org,\n"
)
MESSAGES = (
    "id,permalink,thread_id,date,ip,from,to,subject,body\n"
    "m1,https://r/m,t,2024-05-16 09:41:32 UTC,,mara,bo,hi,I am a nurse\n"
    "m2,https://r/m,t,2024-05-16 09:42:32 UTC,,bo,mara,hi,me too\n"
)


def test_comments(tmp_path: Path) -> None:
    found = in_every_form(tmp_path, "comments.csv", COMMENTS)
    assert found.formats == {"reddit": 1}
    (item,) = found.items
    assert (item.text, item.source, item.category) == (
        "I bake rye,\nevery Sunday",
        "comments",
        "r/Breadit",
    )
    assert str(item.time) == "2024-05-14 09:41:32+00:00"
    assert (item.kind, item.id) == ("said", "reddit:comments:c1")
    assert found.skipped["deleted posts and comments"] == 1
    assert not found.refused


def test_the_whole_request(tmp_path: Path) -> None:
    files = {
        "comments.csv": COMMENTS,
        "posts.csv": POSTS,
        "messages.csv": MESSAGES,
        "statistics.csv": "statistic,value\naccount name,mara\nemail verified,True\n",
        "subscribed_subreddits.csv": "subreddit\nBreadit\nGraz\n",
        "post_votes.csv": "id,permalink,direction\np9,https://r/z,up\n",
    }
    found = read(zip_of(tmp_path / "export.zip", files))
    assert found.formats == {"reddit": 5}
    assert {line for line in found.lines if line[1] != "comments"} == {
        ("user", "posts", "My first rye loaf\nIt was dense."),
        ("user", "posts", "A bike lane"),
        ("user", "messages", "I am a nurse"),
        ("other", "messages", "me too"),
        ("user", "subscriptions", "follows r/Breadit"),
        ("user", "subscriptions", "follows r/Graz"),
    }
    assert found.skipped["files of other kinds"] == 1


def test_messages_alone_ask_whose(tmp_path: Path) -> None:
    path = tmp_path / "messages.csv"
    path.write_text(MESSAGES)
    assert not read(path).items
    assert read(path, me="mara").lines[0] == ("user", "messages", "I am a nurse")
    assert read(path, me="mara").lines[1][0] == "other"


def test_cut_short(tmp_path: Path) -> None:
    path = tmp_path / "comments.csv"
    path.write_text(COMMENTS[: COMMENTS.index("Breadit,0,https://r/l,t1_c1")])
    found = read(path)
    assert len(found.items) == len(found.refused) == 1
