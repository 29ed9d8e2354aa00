from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from guided_profile.tools.readers.long_dates import long_date

MOMENT = datetime(2024, 5, 14, 21, 41, 32, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "Tuesday, May 14, 2024 9:41:32 PM",
        "Tuesday, 14 May 2024 21:41:32",
        "Added on Tuesday, May 14, 2024, 09:41:32 PM",
        "Hinzugefügt am Dienstag, 14. Mai 2024 21:41:32",
        "Ajouté le mardi 14 mai 2024 à 21:41:32",
        "mar., 14 mai 2024 21:41:32",
        "Añadido el martes, 14 de mayo de 2024 21:41:32",
        "14 may 2024 9:41:32 p. m.",
        "Adicionado: terça-feira, 14 de maio de 2024 21:41:32",
        "Aggiunto in data martedì 14 maggio 2024 21:41:32",
        "Toegevoegd op dinsdag 14 mei 2024 21:41:32",
        "Добавлено: вторник, 14 мая 2024 г. в 21:41:32",
        "14 Mayıs 2024 Salı 21:41:32",
        "2024. május 14., kedd 21:41:32",
        "wtorek, 14 maja 2024 21:41:32",
        "14. května 2024 21:41:32",
        "tiistai 14. toukokuuta 2024 21.41.32",
        "作成日: 2024年5月14日火曜日 21:41:32",
        "添加于 2024年5月14日星期二 下午9:41:32",
        "2024년 5월 14일 화요일 오후 9:41:32",
        "الثلاثاء، ١٤ مايو ٢٠٢٤ ٩:٤١:٣٢ م",
        "14 de mai. de 2024, 23:41:32 GMT+2",
        "14 Μαΐου 2024, 9:41:32 μμ",
    ],
)
def test_the_same_moment_is_read_in_every_language(text: str) -> None:
    assert long_date(text, UTC) == MOMENT


@pytest.mark.parametrize(
    ("text", "hour"),
    [("May 14, 2024 12:05 AM", 0), ("May 14, 2024 12:05 PM", 12), ("2024年5月14日 上午12:05", 0)],
)
def test_noon_and_midnight_are_told_apart(text: str, hour: int) -> None:
    assert long_date(text, UTC).hour == hour


def test_months_that_begin_alike_are_told_apart() -> None:
    read = [
        long_date(f"1 {month} 2024", UTC).month
        for month in "juin juillet června července marraskuuta maaliskuuta März Mär Dez.".split()
    ]
    assert read == [6, 7, 6, 7, 11, 3, 3, 3, 12]


def test_a_date_without_a_time_is_its_midnight_in_the_zone() -> None:
    assert long_date("May 14, 2024", ZoneInfo("Europe/Vienna")) == datetime(
        2024, 5, 13, 22, tzinfo=UTC
    )


@pytest.mark.parametrize("text", ["", "soon", "May 2024", "May 32, 2024", "14 Foo 2024", "14:41"])
def test_what_tells_no_day_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no"):
        long_date(text, UTC)


@pytest.mark.parametrize("text", ["terça-feira, 14 de maio de 2024", "Tuesday, May 14th, 2024"])
def test_a_date_alone_is_told_from_one_in_a_title(text: str) -> None:
    assert long_date(text, UTC, strict=True) == datetime(2024, 5, 14, tzinfo=UTC)
    with pytest.raises(ValueError, match="is no date"):
        long_date(f"{text}, a trip", UTC, strict=True)
