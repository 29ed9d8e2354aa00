import pytest

from guided_profile.graph.tokens import approximate_tokens

ABOUT_RIGHT = [
    ("This person repairs old radios and sells a few of them online.", 13),
    ("hello there, how are you?", 7),
    ("- [1999-12-11, films, Crime|Drama] Godfather, The (1972)", 30),
    ("- [2025-03-14, purchases, Garden] Tomato seeds, heirloom mix, 12 x 0.5 g", 33),
    ("Soldering iron 60W adjustable temperature 200-450C, 5 tips, EU plug", 26),
    ("lol no way, my radio caught fire again 😂 brb calling mom", 15),
    ("https://example.org/a-b_c?d=e&f=12345", 18),
    ("Sie repariert am Wochenende alte Radios und verkauft sie im Internet.", 17),
    ("Cette personne répare de vieilles radios le week-end et en vend en ligne.", 17),
    ("Esta persona repara radios antiguas los fines de semana.", 13),
    ("Questa persona ripara vecchie radio nel fine settimana.", 14),
    ("Deze persoon repareert in het weekend oude radio's.", 15),
    ("Den här personen lagar gamla radioapparater på helgerna.", 17),
    ("Tämä henkilö korjaa viikonloppuisin vanhoja radioita.", 21),
    ("Ta osoba w weekendy naprawia stare radia i sprzedaje kilka z nich.", 20),
    ("Tento člověk o víkendech opravuje stará rádia a prodává je.", 25),
    ("Ez az ember hétvégente régi rádiókat javít.", 18),
    ("Orang ini memperbaiki radio tua pada akhir pekan.", 15),
    ("Mtu huyu hutengeneza redio za zamani wikendi na huuza chache.", 23),
    ("Этот человек по выходным чинит старые радиоприёмники.", 18),
    ("Ця людина у вихідні лагодить старі радіоприймачі.", 27),
    ("Αυτό το άτομο επισκευάζει παλιά ραδιόφωνα τα σαββατοκύριακα.", 55),
    ("يصلح هذا الشخص أجهزة الراديو القديمة في عطلة نهاية الأسبوع.", 21),
    ("این شخص آخر هفته رادیوهای قدیمی را تعمیر می‌کند.", 27),
    ("یہ شخص ہفتے کے آخر میں پرانے ریڈیو ٹھیک کرتا ہے۔", 33),
    ("האדם הזה מתקן מכשירי רדיו ישנים בסופי שבוע.", 18),
    ("यह व्यक्ति सप्ताहांत में पुराने रेडियो ठीक करता है।", 47),
    ("সে সপ্তাহান্তে পুরোনো রেডিও মেরামত করে এবং বিক্রি করে।", 58),
    ("அவர் வார இறுதிகளில் பழைய வானொலிகளைப் பழுதுபார்க்கிறார்.", 62),
    ("คนนี้ซ่อมวิทยุเก่าในวันหยุดสุดสัปดาห์และขายบางเครื่อง", 31),
    ("この人は週末に古いラジオを修理し、ネットで売っている。", 18),
    ("이 사람은 주말마다 오래된 라디오를 고치고 인터넷에서 판다.", 23),
    ("ይህ ሰው ቅዳሜና እሁድ አሮጌ ሬዲዮኖችን ይጠግናል።", 44),
    ("ეს ადამიანი შაბათ-კვირას ძველ რადიოებს აკეთებს.", 47),
]
"""Texts, with their tokens as Qwen 2.5 counts them."""
TOO_MANY = [
    ("Bu kişi hafta sonları eski radyoları onarıyor ve satıyor.", 20),
    ("Người này sửa những chiếc radio cũ vào cuối tuần và bán vài chiếc.", 16),
    ("这个人周末修理旧收音机，还在网上卖掉几台。", 14),
]
"""Those of languages for which other models need more tokens than Qwen."""


@pytest.mark.parametrize(("text", "tokens"), ABOUT_RIGHT)
def test_tokens_are_estimated_rather_too_high_in_any_language(text: str, tokens: int) -> None:
    assert tokens <= approximate_tokens(text) <= 1.5 * tokens


@pytest.mark.parametrize(("text", "tokens"), TOO_MANY)
def test_the_models_differ_in_some_languages(text: str, tokens: int) -> None:
    assert tokens <= approximate_tokens(text) <= 1.9 * tokens


def test_more_text_never_has_fewer_tokens() -> None:
    text = "Tämä, 12 kg, ራዲዮ 😂 🇩🇪 Ж の. 고"
    counts = [approximate_tokens(text[:end]) for end in range(len(text) + 1)]
    assert counts[0] == 0
    assert counts == sorted(counts)


def test_any_character_counts() -> None:
    every = [chr(point) for point in range(0x20, 0x2FFFF, 37)]
    assert min(approximate_tokens(text) for text in every) >= 1
