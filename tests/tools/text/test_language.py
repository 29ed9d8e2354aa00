import time

import pytest

from guided_profile.tools.text.language import Language, language_of

BRANDS = [
    "Garmin Forerunner 255",
    "Kindle Paperwhite 16 GB",
    "Lavazza Super Crema",
    "Victorinox Fibrox Pro",
    "Sony WH-1000XM5 Wireless Headphones",
]
"""Titles that name things, as they stand in the purchases of any country."""


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("I walk the dog before work and read on the train.", "en"),
        ("Vor der Arbeit gehe ich mit dem Hund spazieren.", "de"),
        ("Je promène le chien avant le travail.", "fr"),
        ("Paseo al perro antes del trabajo.", "es"),
        ("Eu passeio com o cachorro antes do trabalho.", "pt"),
        ("Porto fuori il cane prima del lavoro.", "it"),
        ("Ik laat de hond uit voordat ik naar het werk ga.", "nl"),
        ("Jag går ut med hunden innan jobbet.", "sv"),
        ("Ulkoilutan koiraa ennen töitä.", "fi"),
        ("Wyprowadzam psa przed pracą.", "pl"),
        ("İşten önce köpeği gezdiriyorum.", "tr"),
        ("Tôi dắt chó đi dạo trước khi đi làm.", "vi"),
        ("Saya mengajak anjing jalan-jalan sebelum bekerja.", "id"),
        ("Я гуляю с собакой перед работой.", "ru"),
        ("Я вигулюю собаку перед роботою.", "uk"),
        ("Βγάζω βόλτα τον σκύλο πριν από τη δουλειά.", "el"),
        ("أمشي مع الكلب قبل العمل.", "ar"),
        ("قبل از کار سگ را به پیاده‌روی می‌برم.", "fa"),
        ("אני מטייל עם הכלב לפני העבודה.", "he"),
        ("मैं काम से पहले कुत्ते को घुमाता हूँ।", "hi"),
        ("ฉันพาหมาไปเดินเล่นก่อนไปทำงาน", "th"),
        ("仕事の前に犬の散歩をします。", "ja"),
        ("上班前我去遛狗。", "zh"),
        ("上班前我去遛狗，週末去爬山。", "zh"),
        ("출근 전에 개를 산책시킨다.", "ko"),
        ("ከሥራ በፊት ውሻውን አንሸራሽራለሁ።", "am"),
    ],
)
def test_a_sentence_tells_its_language(text: str, code: str) -> None:
    language = language_of([text])
    assert language is not None
    assert language.code == code


def test_a_language_has_its_code_and_its_english_name() -> None:
    assert language_of(["Vor der Arbeit gehe ich mit dem Hund."]) == Language("de", "German")


@pytest.mark.parametrize(
    ("texts", "code"),
    [
        (["Philips 电动牙刷", "Fiskars 剪刀", "Osprey 背包", "猫砂", "咖啡豆"], "zh"),
        (["Philips 電動歯ブラシ", "猫砂", "水彩絵具", "Osprey バックパック", "はさみ"], "ja"),
        (["Philips 전동칫솔", "Fiskars 가위", "고양이 모래", "Osprey 배낭"], "ko"),
        (["Philips зубная щётка", "ножницы Fiskars", "корм для кошек", "рюкзак Osprey"], "ru"),
        (["Philips elektrische Zahnbürste", "Fiskars Küchenschere", "Osprey Rucksack"], "de"),
        (["Philips brosse à dents", "Fiskars ciseaux de cuisine", "Osprey sac à dos"], "fr"),
    ],
)
def test_brand_names_do_not_decide(texts: list[str], code: str) -> None:
    language = language_of(texts + BRANDS)
    assert language is not None
    assert language.code == code


def test_in_a_mixed_history_the_longer_part_decides() -> None:
    german = ["Morgen kommt meine Schwester, wir kochen zusammen und gehen spazieren."] * 3
    english = ["ok", "see you", "thanks a lot", "The train was late again."]
    mixed = language_of([*english, *german])
    assert mixed is not None
    assert mixed.code == "de"
    mixed = language_of([*english * 12, *german])
    assert mixed is not None
    assert mixed.code == "en"


@pytest.mark.parametrize(
    "texts",
    [[], [""], ["42", "3.14"], ["😀"], ["ok"], ["SKU-48213-XL"], ["https://example.org/a?b=c"]],
)
def test_what_tells_no_language_has_none(texts: list[str]) -> None:
    assert language_of(texts) is None


def test_a_variety_counts_for_its_language() -> None:
    cantonese = language_of(["佢哋今日冇返工，喺屋企煮飯食，聽日先至去行山。" * 100])
    assert cantonese == Language("zh", "Chinese")


def test_a_long_history_is_sampled() -> None:
    texts = ["Vor der Arbeit gehe ich mit dem Hund spazieren."] * 20_000
    language_of(["load it"])
    start = time.process_time()
    assert language_of(texts) == Language("de", "German")
    assert language_of(["Ich mag den Hund. " * 100_000]) == Language("de", "German")
    assert time.process_time() - start < 0.5
