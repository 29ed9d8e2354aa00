"""Kindle clippings: the reader's notes, and what they marked."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from exported import folder_of, in_every_form, read

END = "\n==========\n"
TIME = datetime(2024, 12, 30, 14, 46, 33, tzinfo=UTC)


def clipping(about: str, text: str, book: str = "Dune (Frank Herbert)") -> str:
    return f"{book}\n- {about}\n\n{text}{END}"


ENGLISH = "\ufeff" + "".join(
    [
        clipping(
            "Your Highlight on page 12 | Location 234-236 | Added on Monday, December 30, "
            "2024 2:46:33 PM",
            "Fear is the mind-killer.",
        ),
        clipping(
            "Your Note on page 12 | Location 236 | Added on Monday, 30 December 2024 14:46:33",
            "Calm helps.",
        ),
        clipping("Your Bookmark on page 9 | Location 54 | Added on Monday, 30 December 2024", ""),
        clipping(
            "Your Highlight on page 12 | Location 234-238 | Added on Monday, 30 December 2024 "
            "14:46:33",
            "Fear is the mind-killer. Fear is the little-death.",
        ),
    ]
)


def test_notes_are_the_reader_s_and_passages_their_authors(tmp_path: Path) -> None:
    found = in_every_form(tmp_path, "My Clippings.txt", ENGLISH)
    assert found.formats == {"kindle": 1}
    assert found.lines == [
        ("user", "notes", "note on Dune (Frank Herbert): Calm helps."),
        (
            "other",
            "highlights",
            "highlighted in Dune (Frank Herbert): Fear is the mind-killer. Fear is the "
            "little-death.",
        ),
        ("user", "read", "Dune (Frank Herbert) (marked once, 2024-12)"),
    ]
    assert {item.time for item in found.items} == {TIME}
    assert found.skipped == {"bookmarks in books": 1, "shorter versions of a marked passage": 1}


LOCALES = {
    "de": (
        "Ihre Markierung auf Seite 42 | Position 1234-1236 | Hinzugefügt am Montag, 30. Dezember "
        "2024 14:46:33",
        "Ihre Notiz auf Seite 42 | Position 1236 | Hinzugefügt am Montag, 30. Dezember 2024 "
        "14:46:33",
    ),
    "fr": (
        "Votre surlignement sur la page 5 | emplacement 12-14 | Ajouté le lundi 30 décembre 2024 "
        "14:46:33",
        "Votre note sur la page 5 | emplacement 14 | Ajouté le lundi 30 décembre 2024 14:46:33",
    ),
    "pt": (
        "Seu destaque ou posição 333-334 | Adicionado: segunda-feira, 30 de dezembro de 2024 "
        "14:46:33",
        "Sua nota ou posição 334 | Adicionado: segunda-feira, 30 de dezembro de 2024 14:46:33",
    ),
    "es": (
        "Tu subrayado en la posición 89-92 | Añadido el lunes, 30 de diciembre de 2024 14:46:33",
        "Tu nota en la posición 92 | Añadido el lunes, 30 de diciembre de 2024 14:46:33",
    ),
    "ja": (
        "7ページ｜位置No. 114-116のハイライト | 作成日: 2024年12月30日月曜日 14:46:33",
        "7ページ｜位置No. 116のメモ | 作成日: 2024年12月30日月曜日 14:46:33",
    ),
    "zh": (
        "您在第 7 页（位置 #114-116）的标注 | 添加于 2024年12月30日星期一 下午2:46:33",
        "您在位置 #116 的笔记 | 添加于 2024年12月30日星期一 下午2:46:33",
    ),
    "ru": (
        "Ваш выделенный отрывок на странице 5 | Местоположение 12-14 | Добавлено: понедельник, "
        "30 декабря 2024 г. в 14:46:33",
        "Ваша заметка на странице 5 | Местоположение 14 | Добавлено: понедельник, 30 декабря "
        "2024 г. в 14:46:33",
    ),
    "of no list": (
        "Þú merktir á síðu 5 | staðsetning 60-62 | Bætt við 30. desember 2024 14:46:33",
        "Athugasemd á síðu 5 | staðsetning 60 | Bætt við 30. desember 2024 14:46:33",
    ),
}


@pytest.mark.parametrize(("marked", "noted"), LOCALES.values(), ids=LOCALES)
def test_the_two_are_told_apart_in_every_language(tmp_path: Path, marked: str, noted: str) -> None:
    clippings = clipping(marked, "passage") + clipping(noted, "mine")
    found = read(folder_of(tmp_path, {"x.txt": clippings}) / "x.txt")
    assert found.lines == [
        ("user", "notes", "note on Dune (Frank Herbert): mine"),
        ("other", "highlights", "highlighted in Dune (Frank Herbert): passage"),
        ("user", "read", "Dune (Frank Herbert) (marked once, 2024-12)"),
    ]
    assert {item.time for item in found.items} == {TIME}
    assert not found.refused


def test_a_file_cut_short_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    cut = ENGLISH[: ENGLISH.index("Calm") + 2]
    found = read(folder_of(tmp_path, {"x.txt": cut}) / "x.txt")
    assert found.texts[0] == "note on Dune (Frank Herbert): Ca"
    assert [str(refused.reason) for refused in found.refused] == [
        "ends with the file, which may be cut short"
    ]


def test_a_clipping_without_its_second_line_is_refused_alone(tmp_path: Path) -> None:
    found = read(folder_of(tmp_path, {"x.txt": ENGLISH + f"Dune\nonly{END}"}) / "x.txt")
    assert len(found.items) == 3
    assert [(entry.line, entry.reason) for entry in found.refused] == [
        (21, "is no clipping of a Kindle")
    ]
