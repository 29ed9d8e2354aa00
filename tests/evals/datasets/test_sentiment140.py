import csv
import io
from pathlib import Path

import pytest
from scripted import ScriptedChat

from guided_profile.evals.datasets.load import load
from guided_profile.evals.datasets.neutral import neutralise
from guided_profile.evals.datasets.sentiment140 import sentiment140_tweets
from guided_profile.graph.errors import DatasetError

LONG = "café number {} was sooo good that i went there twice in one day!!"


def training(folder: Path) -> Path:
    """Write a file in the owner's layout: ann has twelve tweets, bob two that are long enough."""
    text = io.StringIO()
    rows = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    for number in range(12):
        date = f"Mon Apr 06 22:{19 + number}:45 PDT 2009"
        said = LONG.format(number)
        rows.writerow(["0", str(1467810369 + number), date, "NO_QUERY", "ann", said])
        said = LONG.format(number) if number < 2 else "too short, sorry"
        rows.writerow(["4", str(1467910369 + number), date, "NO_QUERY", "bob", said])
    # a tweet that stands in the file twice, as sad and as happy
    rows.writerow(["4", "1467810369", "x", "NO_QUERY", "ann", LONG.format(0)])
    path = folder / "training.1600000.processed.noemoticon.csv"
    path.write_bytes(text.getvalue().encode("latin-1"))
    return path


def test_who_tweets_enough_is_asked_to_write_one_of_their_tweets(tmp_path: Path) -> None:
    path = training(tmp_path)
    (example,) = sentiment140_tweets([path])
    texts = [item.text for item in example.history]
    assert len(texts) == len(set(texts)) == 11
    assert example.reference not in texts
    assert example.reference.startswith("café number")
    assert [item.time for item in example.history] == sorted(
        item.time for item in example.history if item.time
    )
    assert "ann" not in example.user_id
    assert list(sentiment140_tweets([path])) == [example]
    assert len({next(sentiment140_tweets([path], seed=seed)).reference for seed in range(9)}) > 1
    assert list(sentiment140_tweets([path], tweets=13)) == []
    lengths = [len(example.history) for example in sentiment140_tweets([path], tweets=2)]
    assert sorted(lengths) == [1, 11]


def test_tweets_are_read_as_they_were_written(tmp_path: Path) -> None:
    path = training(tmp_path)
    line = '"0","{}","Mon Apr 06 22:19:45 PDT 2009","NO_QUERY","zoe","{}"\n'
    said = [
        'he said ""no"", and i &lt;3 him, and that is all of it',
        'he said "no", and i went home, and that was all of it',
    ]
    path.write_text("".join(line.format(number, text) for number, text in enumerate(said)))
    (example,) = sentiment140_tweets([path], tweets=2)
    assert {example.reference, example.history[0].text} == {
        'he said "no", and i <3 him, and that is all of it',
        'he said "no", and i went home, and that was all of it',
    }


async def test_the_question_is_what_a_model_wrote(tmp_path: Path) -> None:
    path, kept = training(tmp_path), tmp_path / "neutral.jsonl"
    with pytest.raises(DatasetError, match="no neutral texts of its own"):
        list(load("sentiment140", path))
    chat = ScriptedChat(script=lambda prompt: '"I enjoyed the café."')
    await neutralise(sentiment140_tweets([path]), chat, kept)
    (example,) = load("sentiment140", path, neutral=kept)
    assert example.question == "I enjoyed the café."
    assert example.reference.startswith("café number")
    assert example.about["neutralised_by"] == "scripted"
    with pytest.raises(DatasetError, match="no neutral text for 1 of 2"):
        list(load("sentiment140", path, neutral=kept, tweets=2))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('"0","1","Mon Apr 06 22:19:45 PDT 2009","NO_QUERY","ann"\n', "line 2: it has 5 fields"),
        (
            "polarity,id,date,query,user,text\n",
            "line 2: it has 6 fields that begin with 'polarity'",
        ),
        ('"0","1","Mon Apr 06 22:19:45 PDT 2009","NO_QUERY","ann","so ti\n', "line 2: a quote"),
        ('"0","1","Mon Apr', "line 2: the file ends in the middle"),
    ],
)
def test_wrong_and_cut_lines_are_refused(tmp_path: Path, line: str, message: str) -> None:
    path = training(tmp_path)
    first = path.read_bytes().splitlines(keepends=True)[0]
    path.write_bytes(first + line.encode())
    with pytest.raises(DatasetError, match=message):
        list(sentiment140_tweets([path]))
