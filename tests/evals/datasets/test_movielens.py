from pathlib import Path

import pytest

from guided_profile.evals.datasets.load import load
from guided_profile.graph.errors import DatasetError

GENRES = "Comedy Drama Horror Western War Crime|Drama Musical Mystery Sci-Fi Film-Noir".split()
FILMS = [
    (10 * kind + number, f"Film, {kind}{number} (1999)", genre)
    for kind, genre in enumerate(GENRES)
    for number in range(3)
]
RATED = [0, 1, 10, 20, 30, 40]
"""What everybody likes: two comedies, and one of each of the next four genres."""
TIME = 964_982_703


def csv_set(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    movies = "".join(f'{id_},"{title}",{genre}\r\n' for id_, title, genre in FILMS)
    (folder / "movies.csv").write_bytes(b"movieId,title,genres\r\n" + movies.encode())
    ratings = "".join(
        f"{user},{film},4.5,{TIME + film}\r\n" for user in (1, 2, 3) for film in RATED
    )
    # a musical that nobody liked: no distractor may be of its genre
    ratings += "".join(f"{user},60,1.0,{TIME}\r\n" for user in (1, 2, 3))
    ratings += "".join(f"4,{film},2.0,{TIME}\r\n" for film in RATED)
    (folder / "ratings.csv").write_bytes(b"userId,movieId,rating,timestamp\r\n" + ratings.encode())
    return folder


def dat_set(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    movies = "".join(f"{id_}::Café {title}::{genre}\n" for id_, title, genre in FILMS)
    (folder / "movies.dat").write_bytes(movies.encode("latin-1"))
    ratings = "".join(f"1::{film}::5::{TIME + film}\n" for film in RATED)
    (folder / "ratings.dat").write_bytes(ratings.encode())
    return folder


def test_who_liked_enough_films_is_asked_for_one_of_them(tmp_path: Path) -> None:
    found = list(load("movielens", csv_set(tmp_path)))
    assert len(found) == 3
    genres = {title: genre for _, title, genre in FILMS}
    for example in found:
        assert genres[example.reference] == "Comedy"
        assert len(example.history) == 5
        beside = {genres[title] for title in example.options if title != example.reference}
        assert not beside & {*GENRES[:5], "Musical"}
        assert all(item.time and item.time.year == 2000 for item in example.history)
    assert list(load("movielens", csv_set(tmp_path))) == found


def test_the_dat_files_of_older_sets_are_read_as_latin_1(tmp_path: Path) -> None:
    (example,) = load("movielens", dat_set(tmp_path))
    assert example.reference.startswith("Café Film, 0")
    assert len(example.history) == 5


def test_only_the_last_liked_films_count(tmp_path: Path) -> None:
    assert list(load("movielens", csv_set(tmp_path), items=5)) == []


@pytest.mark.parametrize(
    ("name", "broken", "message"),
    [
        ("ratings.csv", b"userId,movieId,rating,timestamp\r\n1,0,4.5,96498", "line 2.*middle"),
        ("ratings.csv", b"userId,movieId,rating,timestamp\r\n1,0,4.5\n", "line 2: it has 3 fields"),
        ("ratings.csv", b"user,item,rating,time\r\n", "line 1: the columns are not userId,movieId"),
        ("ratings.csv", b"userId,movieId,rating,timestamp\r\n1,999,4.5,1\n", "no movie.*'999'"),
        ("ratings.csv", b"userId,movieId,rating,timestamp\r\n1,0,good,1\n", "line 2.*no number"),
        ("movies.csv", b"movieId,title,genres\r\n1,Toy\r\n", r"movies\.csv, line 2: it has 2"),
    ],
)
def test_wrong_and_cut_files_are_refused(
    tmp_path: Path, name: str, broken: bytes, message: str
) -> None:
    folder = csv_set(tmp_path)
    (folder / name).write_bytes(broken)
    with pytest.raises(DatasetError, match=message):
        list(load("movielens", folder))


def test_a_folder_without_the_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"ratings\.csv and movies\.csv"):
        list(load("movielens", tmp_path))
