"""Repetitions summed up: how often, when first and last, and no more titles than are held."""

from datetime import UTC, datetime

from guided_profile.tools.readers.base import Entries, Kept, Reading, Refused, Skipped
from guided_profile.tools.readers.sums import Sums


def at(month: int, day: int = 1) -> datetime:
    return datetime(2024, month, day, tzinfo=UTC)


def texts(entries: Entries) -> list[str]:
    return [entry.item.text for entry in entries if isinstance(entry, Kept)]


def test_a_title_is_an_item_with_how_often_and_when() -> None:
    sums = Sums("plays", "played")
    for line, month in enumerate([3, 1, 2], start=2):
        sums.add("Slow  Blue Waltz", at(month), Refused(line))
    sums.add("Once", at(5), Refused(9))
    sums.add("Never dated", None, Refused(10), times=2)
    kept = [entry for entry in sums.entries(Reading()) if isinstance(entry, Kept)]
    assert [entry.item.text for entry in kept] == [
        "Slow Blue Waltz (played 3 times, 2024-01 to 2024-03)",
        "Never dated (played 2 times)",
        "Once (played once, 2024-05)",
    ]
    first = kept[0]
    assert (first.item.time, first.item.source, first.item.kind) == (at(3), "plays", "did")
    assert first.where.line == 2
    assert kept[1].item.time is None


def test_the_most_repeated_and_the_most_recent_are_kept_and_the_others_counted() -> None:
    sums = Sums("plays", "played", limit=2)
    for title, month in [("a", 1), ("a", 2), ("b", 4), ("c", 5), ("d", 3)]:
        sums.add(title, at(month), Refused(1))
    entries = list(sums.entries(Reading(source="songs")))
    assert texts(iter(entries)) == [
        "a (played 2 times, 2024-01 to 2024-02)",
        "c (played once, 2024-05)",
    ]
    assert entries[-1] == Skipped("plays beyond the limit of 2", 2)


def test_no_more_titles_are_held_than_memory_is_for() -> None:
    sums = Sums("plays", "played", held=10)
    for number in range(1000):
        sums.add("often", at(1), Refused(1))
        sums.add(f"title {number}", at(1), Refused(1))
    entries = list(sums.entries(Reading()))
    assert texts(iter(entries))[0] == "often (played 1000 times, 2024-01)"
    assert len(texts(iter(entries))) <= 10
    assert any("at least once" in text for text in texts(iter(entries)))
    (left,) = [entry for entry in entries if isinstance(entry, Skipped)]
    assert left.count + len(texts(iter(entries))) == 1001


def test_a_newer_export_takes_the_place_of_an_older_one_and_another_year_stands_beside() -> None:
    def kept(*months: int) -> tuple[str, str]:
        sums = Sums("plays", "played")
        for month in months:
            sums.add("Slow Blue Waltz", at(month), Refused(1))
        (only,) = [entry.item for entry in sums.entries(Reading()) if isinstance(entry, Kept)]
        return only.id, only.text

    older, newer, other = kept(1, 2), kept(1, 2, 3), kept(4)
    assert older[0] == newer[0] != other[0]
    assert older[1] != newer[1]
