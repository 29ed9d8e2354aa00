"""What names a conversation, and what stands where a front end had no id."""

import pytest

from guided_profile.apps.proxy.ids import conversation_id

IDS = [
    "1",
    "5f0c3a52-1f6e-4c1b-9d7e-0a2b6c9d8e7f",
    "local:9xKq",
    "conv_68a1",
    "abcdefABCDEFghijkl_-x",
    "第3回",
]
NONE = ["", "  ", "new", "New", "null", "undefined", "None", "default", "conversation-id", "neu"]
LEFT = ["{{CHAT_ID}}", "${chat1}", "{chat_1}", "<id 1>", "%CHAT1%", "chat-{{N1}}"]


@pytest.mark.parametrize("text", IDS)
def test_what_tells_one_conversation_from_all_others_is_an_id(text: str) -> None:
    assert conversation_id(f" {text} ") == text


@pytest.mark.parametrize("text", NONE + LEFT)
def test_a_word_or_what_was_not_filled_in_is_none(text: str) -> None:
    assert conversation_id(text) == ""
