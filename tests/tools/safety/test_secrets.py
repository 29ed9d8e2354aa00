"""Secrets are masked, each as what it is; ordinary words and numbers are left."""

from time import perf_counter

import pytest

from guided_profile.graph.records import HistoryItem
from guided_profile.tools.safety.secrets import masked, without_secrets

MIXED = "aB3dE5fG7hI9jK1lM3nO5pQ7rS9tU1vW3xY5z"
SECRETS = {
    "my card is 4111 1111 1111 1111, exp 12/27": "my card is [card number], exp 12/27",
    "card 5500-0000-0000-0004": "card [card number]",
    "amex 378282246310005": "amex [card number]",
    "DE89 3704 0044 0532 0130 00 THANKS": "[account number] THANKS",
    "pay to GB82WEST12345698765432.": "pay to [account number].",
    "cpf 529.982.247-25": "cpf [document number]",
    "codice RSSMRA85T10A562S": "codice [document number]",
    "my NIE is X1234567L": "my NIE is [document number]",
    "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<": "[document number]",
    "ghp_" + "a1B2c3D4e5F6" * 3: "[key]",
    "AKIAIOSFODNN7EXAMPLE": "[key]",
    f"sk-ant-api03-{MIXED}": "[key]",
    f"key hf_{MIXED} works": "key [key] works",
    "https://anna:s3cret@example.com/x": "https://[key]@example.com/x",
    "-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY-----": "[key]",
    "my password is hunter2!": "my password is [password]!",
    "wifi password: sunflower": "wifi password: [password]",
    "das Passwort lautet Xy7$kk": "das Passwort lautet [password]",
    "密码是Abc12345": "密码是[password]",
    "パスワードはneko1234です": "パスワードは[password]です",
    "пароль: Zima2020": "пароль: [password]",
}
ORDINARY = (
    "ISBN 978-3-16-148410-0",
    "ISBN 9783161484100",
    "order 112-1234567-1234567 arrived",
    "call +49 170 1234567 or 030 12345678",
    "+1 (555) 123-4567",
    "https://youtu.be/dQw4w9WgXcQ?t=43",
    "https://example.com/a/9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "https://shop.example/dp/B08N5WRWNW/ref=sr_1_3?crid=2M096C61O4MLT&k=wok",
    "commit 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b",
    "123e4567-e89b-12d3-a456-426614174000",
    "tweet 1790123456789012345",
    "2024-05-14T21:41:32.123456Z and 1711013012345",
    "IMG_20240514_214132_HDR.jpg",
    "order 4111111111111112",
    "I forgot my password again and had to reset it",
    "the password reset email came on 2024-05-01",
    "my-very-long-Kebab-Case-title-with-2024-and-Words",
    "long_snake_case_name_without_meaning_v2",
    "the secret ingredient is love",
)


@pytest.mark.parametrize("text", SECRETS)
def test_a_secret_is_masked_once_and_for_all(text: str) -> None:
    assert masked(text) == (SECRETS[text], 1)
    assert masked(SECRETS[text]) == (SECRETS[text], 0)


@pytest.mark.parametrize("text", ORDINARY)
def test_what_is_none_is_left(text: str) -> None:
    assert masked(text) == (text, 0)


def test_the_id_tells_nothing_of_a_secret_and_is_the_same_each_time() -> None:
    item = HistoryItem(text="my password is hunter2", source="chat")
    named = HistoryItem(text="my password is hunter2", id="7")
    (safe, same, plain), count = without_secrets([item, named, HistoryItem(text="tea")])
    assert count == 2
    assert (safe.text, safe.source, safe.kind) == ("my password is [password]", "chat", "said")
    assert safe.id == safe.digest() != item.id
    assert (same.id, plain.text) == ("7", "tea")
    assert without_secrets([safe]) == ([safe], 0)


@pytest.mark.parametrize(
    "text", ["1 " * 9000, "A1" * 9000, "password " * 2000, "<<" * 9000, "://" * 6000]
)
def test_no_text_takes_long(text: str) -> None:
    begun = perf_counter()
    masked(text)
    assert perf_counter() - begun < 1
