"""What is masked in traces, and what is not: by form, in any language."""

from time import perf_counter
from typing import Any

import pytest

from guided_profile.apps.masking import masked
from guided_profile.apps.privacy import limited_client

PERSONAL = [
    "anna.k@example.org",
    "müller@exämple.de",
    "почта@пример.рф",
    "иван.петров@пример.рф",
    "用户@例子.公司",
    "メールはanna@example.jpです",
    "https://example.org/u/anna?x=1",
    "see (https://anna:pw@example.org/x).",
    "example.org/u/anna",
    "example.org/u/anna.",
    "www.anna-kowalska.de",
    "anna-kowalska.de",
    "пример.рф",
    "https://пример.рф/анна",
    "пример.рф/анна",
    "例え.jp/taro",
    "私はexample.orgを見た",
    "사이트 example.org에서",
    "t.co/AbCd12",
    "ftp://host/file",
    "+49 170 1234567",
    "+49 170 1234567.",
    "+49 (0)170 123 45 67",
    "0049 170 1234567",
    "0170/1234567",
    "030 123456-78",
    "+1 (555) 123-4567",
    "(555) 123-4567",
    "555-123-4567",
    "555.123.4567",
    "555 123 4567.",
    "06 12 34 56 78",
    "06.12.34.56.78",
    "0612345678",
    "612 345 678",
    "20 12 34 56",
    "电话13800138000是",
    "138 0013 8000",
    "+86 138 0013 8000",
    "０９０－１２３４－５６７８",
    "٠٥٠١٢٣٤٥٦٧",
    "+٩٦٦ ٥٠ ١٢٣ ٤٥٦٧",
    "۰۹۱۲۳۴۵۶۷۸۹",
    "०९८७६५४३२१०",
    "+९१ ९८७६५ ४३२१०",
    "98765 43210",
    "+7 (916) 123-45-67",
    "8 (916) 123-45-67",
    "8-916-123-45-67",
    "+33 6 12 34 56 78",
    "+44 20 7946 0958",
    "020 7946 0958",
    "9123 4567",
    "(11) 98765-4321",
    "010-1234-5678",
    "tel:+491701234567",
    "123-45-6789",
    "4111 1111 1111 1111",
    "DE89 3704 0044 0532 0130 00",
    "192.168.1.10",
    "2001:db8::1",
    "12345678Z",
    "AB123456C",
    "X1234567",
    "5551234567",
    "@anna_k",
    "twitter @anna.k.",
    "+49 170 1234567",
    "+49‑170‑1234567",
    "Call 0170 1234567 or +1-202-555-0123, thanks",
    "wa.me/491701234567",
    "mailto:anna@example.org",
]
ORDINARY = [
    "2012-2013 2014-2015",
    "anno 1250-1499",
    "1.2.3.4.5.6.7",
    "2025-01-01 10.30-11.45",
    "1,234,567.00",
    "1.234.567,00 €",
    "1 234 567 kr",
    "12,500,000",
    "€1250-1499",
    "$1250 - 1499",
    "1250 EUR",
    "100000",
    "1234567 people",
    "15000000",
    "1400000000",
    "in 2019 2020 2021",
    "1999-2003",
    "2019-2021",
    "2025-01-02",
    "2025-01-02 10:30:45",
    "2025-01-01T12:30:45.123456+00:00",
    "02.01.2025",
    "31/12/2024",
    "12/31/2024",
    "01.02.24 - 03.04.24",
    "12:30:45",
    "3.1415926",
    "0.1234567",
    "100-200-300",
    "1000 2000 3000",
    "1920x1080",
    "21-19 21-17 15-11",
    "6-4 7-5 6-3",
    "123 456 789 HUF",
    "612 345 678,50",
    "2 500 000",
    "I paid 1.299.000 Ft",
    "٢٠٢٤",
    "١٢٣٬٤٥٦ ريال",
    "२०२४ में ५०००० रुपये",
    "2024年5月1日に12000円",
    "version 1.2.3",
    "gpt-4.1-mini",
    "Qwen2.5-Coder-1.5B",
    "e.g. this, z.B. das, u.a. jenes",
    "It ended.Then it began",
    "[2025-01-01, chat] my cat Miso sleeps on my desk",
    "0d3f5e7a9b1c2d4e",
    "5 10 15 20 25",
    "[1] and [2]",
    "a 5/6 share",
    "7.30-19.30",
    "1.5 kg, 2.25 l",
    "Windows 10, iPhone 15, WH1000XM5",
    "isbn? no. 42!",
    "v2024.11.28",
    "50 000-75 000",
    "10.000-15.000",
    "3,5 %",
    "12 000 km / 15 000 km",
    "1,000-2,000",
    "2500-3250 kcal",
    "123e4567-e89b-12d3-a456-426614174000",
    "and/or, km/h",
    "the class has 23 boys and 7 girls",
]


@pytest.mark.parametrize("text", PERSONAL)
@pytest.mark.parametrize("frame", ["{}", "It is {}.", "({}), then", "是 {}。"])
def test_what_identifies_a_person_is_masked(text: str, frame: str) -> None:
    shown = masked(frame.format(text))
    assert "[" in shown
    assert not any(sign.isdecimal() or sign == "@" for sign in shown)
    assert not {"anna", "example", "пример"} & set(shown.casefold().replace(".", " ").split())


@pytest.mark.parametrize("text", ORDINARY)
@pytest.mark.parametrize("frame", ["{}", "It is {}.", "({}), then"])
def test_ordinary_numbers_and_words_stay(text: str, frame: str) -> None:
    assert masked(frame.format(text)) == frame.format(text)


def test_a_mask_says_what_it_hides_and_leaves_the_rest() -> None:
    text = "On 2024-05-01 I paid 1.299,00 €: +49 170 1234567. Or anna@example.org, example.org/u/a?"
    shown = "On 2024-05-01 I paid 1.299,00 €: [phone]. Or [email], [link]?"
    assert masked(text) == shown
    client = limited_client("anonymize", api_key="none", auto_batch_tracing=False)
    nested: dict[str, Any] = {"a": [{"b": {"c": text}}, 5, None], "user_id": "anna"}
    for _ in range(20):  # however deep
        nested = {"a": nested}
    sent = str(client._hide_run_inputs(nested))
    assert shown in sent
    assert "anna" not in sent


@pytest.mark.parametrize(
    "unit",
    ["a", "a.", "1", "1 ", "a@", "a.b/", "+", "(", "a-", "@a", "://", "0:", "A1", "é.", "。a"],
)
def test_the_time_grows_with_the_text_alone(unit: str) -> None:
    began = perf_counter()
    masked((unit * 100_000)[:100_000])
    assert perf_counter() - began < 2.0
