import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from guided_profile.evals.datasets.examples import Example
from guided_profile.evals.datasets.load import load
from guided_profile.graph.errors import DatasetError

GOODS = {
    f"B{kind:04}{number}": (f"{name} {number}", name)
    for kind, name in enumerate(
        "Tea Coffee Crackers Candy Caviar Nuts Rice Honey Olives Salt".split()
    )
    for number in range(4)
}
"""Ten categories of four products each: the title and the category by the asin."""
DAY = 86_400


def bought(user: str) -> list[str]:
    """What somebody buys: two teas, and one of each of the next four.

    Bob has too few things, and fay six things of two categories.
    """
    if user == "fay":
        return "B00000 B00001 B00002 B00010 B00011 B00012".split()
    kinds = "B00000 B00010 B00020 B00030 B00040".split()
    return kinds[:3] if user == "bob" else [*kinds, "B00001"]


USERS = ["ann", "bob", "cleo", "dan", "eve", "fay"]
PURCHASES = [
    (user, asin, 1_400_000_000 + day * DAY)
    for user in USERS
    for day, asin in enumerate(bought(user))
]


def review_2014(user: str, asin: str, time: int) -> str:
    record = {
        "reviewerID": user,
        "asin": asin,
        "reviewerName": 'J. "Jay" D\'Arcy',
        "helpful": [2, 3],
        "reviewText": "Fine.",
        "overall": 5.0,
        "summary": "Fine",
        "unixReviewTime": time,
        "reviewTime": "05 13, 2014",
    }
    return json.dumps(record)


def review_2018(user: str, asin: str, time: int) -> str:
    record = {
        "overall": 5.0,
        "verified": True,
        "reviewTime": "05 13, 2014",
        "reviewerID": user,
        "asin": asin,
        "style": {"Size:": " Large"},
        "reviewText": "Fine.",
        "unixReviewTime": time,
    }
    return json.dumps(record)


def review_2023(user: str, asin: str, time: int) -> str:
    record = {
        "rating": 5.0,
        "title": "Fine",
        "text": "Fine.",
        "images": [],
        "asin": f"{asin}V",
        "parent_asin": asin,
        "user_id": user,
        "timestamp": time * 1000 + 7,
        "helpful_vote": 0,
        "verified_purchase": True,
    }
    return json.dumps(record)


def meta_2014(asin: str, title: str, name: str) -> str:
    return repr(
        {
            "asin": asin,
            "imUrl": "http://example.com/a.jpg",
            "title": title,
            "related": {"also_bought": ["B00000"]},
            "salesRank": {"Grocery": 7},
            "categories": [["Grocery & Gourmet Food", "Pantry", name], ["Gifts"]],
        }
    )


def meta_2018(asin: str, title: str, name: str) -> str:
    record = {
        "category": ["Grocery & Gourmet Food", "Pantry", name],
        "tech1": "",
        "title": title,
        "also_buy": ["B00000"],
        "main_cat": "Grocery",
        "asin": asin,
    }
    return json.dumps(record)


def meta_2023(asin: str, title: str, name: str) -> str:
    record = {
        "main_category": "Grocery",
        "title": title,
        "average_rating": 4.5,
        "features": [],
        "store": "Acme",
        "categories": ["Grocery & Gourmet Food", "Pantry", name],
        "details": {"Brand": "Acme"},
        "parent_asin": asin,
    }
    return json.dumps(record)


LAYOUTS: dict[str, Any] = {
    "2014": (review_2014, meta_2014),
    "2018": (review_2018, meta_2018),
    "2023": (review_2023, meta_2023),
}


def files(folder: Path, year: str, *, backwards: bool = False) -> list[Path]:
    review, meta = LAYOUTS[year]
    rows = [review(*row) for row in PURCHASES]
    goods = [meta(asin, *product) for asin, product in GOODS.items()]
    paths = [folder / f"reviews_{year}.json.gz", folder / f"meta_{year}.json.gz"]
    for path, content in zip(paths, (rows, goods), strict=True):
        path.write_bytes(gzip.compress("\n".join(content[:: -1 if backwards else 1]).encode()))
    return paths


def amazon(paths: list[Path], **options: Any) -> list[Example]:
    return list(load("amazon", paths, **options))


@pytest.mark.parametrize("year", LAYOUTS)
def test_each_layout_gives_the_papers_construction(tmp_path: Path, year: str) -> None:
    found = amazon(files(tmp_path, year))
    assert len(found) == 4  # all but bob and fay
    for example in found:
        assert example.task == "preference"
        assert len(example.options) == 4
        kinds = dict(GOODS.values())
        assert kinds[example.reference] == "Tea"  # the only category with two
        mine = {item.text for item in example.history}
        assert len(example.history) == 5
        assert not mine & set(example.options)
        own = {item.category for item in example.history} | {"Tea"}
        beside = [kinds[title] for title in example.options if title != example.reference]
        assert not set(beside) & own
        times = [item.time for item in example.history]
        assert None not in times
        assert times == sorted(times, key=str)
        assert {time.year for time in times if time} == {2014}


def test_all_layouts_and_orders_of_the_lines_give_the_same_examples(tmp_path: Path) -> None:
    first = amazon(files(tmp_path, "2014"))
    assert amazon(files(tmp_path, "2014", backwards=True)[::-1]) == first
    assert amazon(files(tmp_path, "2018")) == first
    newer = amazon(files(tmp_path, "2023"))
    assert [example.options for example in newer] == [example.options for example in first]


def test_the_seed_decides_and_the_ids_tell_it(tmp_path: Path) -> None:
    paths = files(tmp_path, "2018")
    first, other = amazon(paths, seed=1), amazon(paths, seed=2)
    assert first == amazon(paths, seed=1)
    assert {example.user_id for example in first} == {example.user_id for example in other}
    assert not {example.id for example in first} & {example.id for example in other}
    assert [example.options for example in first] != [example.options for example in other]
    assert amazon(paths, seed=1, n=2) == first[:2]
    assert all("ann" not in example.model_dump_json() for example in first)


def test_the_answer_stands_in_any_place(tmp_path: Path) -> None:
    paths = files(tmp_path, "2018")
    found = [example for seed in range(4) for example in amazon(paths, seed=seed)]
    assert {example.options.index(example.reference) for example in found} == {0, 1, 2, 3}


def test_the_level_of_the_path_decides_what_a_category_is(tmp_path: Path) -> None:
    assert amazon(files(tmp_path, "2018"), level=0) == []  # all of it is grocery
    assert len(amazon(files(tmp_path, "2018"), level=2)) == 4


def test_products_without_a_readable_title_or_category_do_not_count(tmp_path: Path) -> None:
    reviews, meta = files(tmp_path, "2018")
    rows = gzip.decompress(meta.read_bytes()).decode().splitlines()
    rows[0] = meta_2018("B00000", "var aPageStart = (new Date()).getTime();", "Tea")
    meta.write_bytes(gzip.compress("\n".join(rows).encode()))
    assert amazon([reviews, meta]) == []  # with one tea left, they have two of no category


def test_a_product_bought_twice_or_under_the_same_name_counts_once(tmp_path: Path) -> None:
    reviews, meta = files(tmp_path, "2018")
    rows = gzip.decompress(reviews.read_bytes()).decode().splitlines()
    rows += [review_2018("ann", "B00010", 1_500_000_000), review_2018("ann", "B9", 1_500_000_000)]
    reviews.write_bytes(gzip.compress("\n".join(rows).encode()))
    goods = gzip.decompress(meta.read_bytes()).decode() + "\n" + meta_2018("B9", "Tea 0", "Tea")
    meta.write_bytes(gzip.compress(goods.encode()))
    for example in amazon([reviews, meta]):
        texts = [item.text for item in example.history]
        assert len(texts) == len(set(texts)) == 5
        assert example.reference not in texts


@pytest.mark.parametrize(
    ("which", "line", "message"),
    [
        (0, '{"reviewerID": "ann", "asin": "B000', r"reviews_2018.*line 2: .*cut off"),
        (0, '{"reviewerID": "ann"}', r"reviews_2018.*line 2: the field 'asin' is missing"),
        (0, '{"asin": "B1"}', "line 2: the field 'reviewerID'"),
        (0, '{"reviewerID": "a", "asin": "b", "unixReviewTime": "x"}', "line 2.*is no number"),
        (1, '{"category": ["Grocery"], "title": "Te', r"meta_2018.*line 2: .*cut off"),
        (1, '{"category": ["Grocery"], "title": "Tea"}', "line 2: the product has no 'asin'"),
    ],
)
def test_a_wrong_line_is_refused(tmp_path: Path, which: int, line: str, message: str) -> None:
    paths = files(tmp_path, "2018")
    rows = gzip.decompress(paths[which].read_bytes()).decode().splitlines()
    rows[1] = line
    paths[which].write_bytes(gzip.compress("\n".join(rows).encode()))
    with pytest.raises(DatasetError, match=message):
        amazon(paths)


@pytest.mark.parametrize("which", [0, 1])
def test_a_cut_gzip_file_is_refused(tmp_path: Path, which: int) -> None:
    paths = files(tmp_path, "2014")
    data = paths[which].read_bytes()
    paths[which].write_bytes(data[: len(data) * 3 // 4])
    with pytest.raises(DatasetError, match=r"json\.gz, line \d+: the gzip file is cut short"):
        amazon(paths)


def test_files_that_are_not_reviews_and_metadata_are_refused(tmp_path: Path) -> None:
    reviews, meta = files(tmp_path, "2018")
    with pytest.raises(DatasetError, match="no file of metadata"):
        amazon([reviews])
    with pytest.raises(DatasetError, match="no file of reviews"):
        amazon([meta])
    other = tmp_path / "other.json"
    other.write_text('{"name": "x"}\n')
    with pytest.raises(DatasetError, match=r"line 1: neither a review nor a product.*'name'"):
        amazon([reviews, other])
