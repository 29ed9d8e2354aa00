"""A person's text without what can be counted of their style, in any script."""

import pytest

from guided_profile.tools.standards.plain import plain


@pytest.mark.parametrize(
    ("text", "without"),
    [
        ("idk man just fix the potholes", "Idk man just fix the potholes."),
        ("SO excited for the weekend!! 🎉", "So excited for the weekend."),
        ("Who's coming on Friday?!", "Who's coming on Friday?"),
        ("hmm.. maybe next week then", "Hmm. Maybe next week then."),
        ("We read; it rained.", "We read; it rained."),
        ("ну я опять проспала))", "Ну я опять проспала."),
        ("ラーメン食べたい", "ラーメン食べたい。"),
        ("ฉันหิวมาก", "ฉันหิวมาก"),  # Thai has neither capitals nor full stops
        ("🎉🎉", ""),
        ("", ""),
    ],
)
def test_plain(text: str, without: str) -> None:
    assert plain(text) == without
