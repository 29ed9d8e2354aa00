"""HTML as the text that a person sees."""

import pytest

from guided_profile.tools.readers.markup import Tag, html_text, streamed_tokens, tokens

PAGE = (
    "<!DOCTYPE html><head><title>T</title><style>p { x }</style></head><p>One <b>bold</b>\nword"
    "<br>line &amp; more</p><!-- <p>no</p> --><ul><li>a<li>b</ul><blockquote>said<blockquote>"
    "before</blockquote></blockquote><pre>x\n  y</pre><table><tr><td>1<td>2</tr></table>"
    '<div class="gmail_signature">Mara</div><script>if (a < b) {}</script>'
)


def test_a_page_is_lines_as_a_person_sees_them() -> None:
    assert html_text(PAGE).split("\n") == [
        "One bold word",
        "line & more",
        "",
        "- a",
        "- b",
        "",
        "> said",
        "> ",
        "> > before",
        "> ",
        "x",
        "  y",
        "",
        "1 2",
        "",
        "-- ",
        "Mara",
    ]


@pytest.mark.parametrize("text", ["a < b > c", "5 <6", "<", "<!-- no end", "&lt;b&gt;", ""])
def test_what_is_no_markup_is_text(text: str) -> None:
    assert html_text(text) == {"<!-- no end": "", "&lt;b&gt;": "<b>"}.get(text, text)


@pytest.mark.parametrize("size", [1, 2, 7, 50])
def test_a_page_in_pieces_has_the_same_tags(size: int) -> None:
    pieces = [PAGE[at : at + size] for at in range(0, len(PAGE), size)]
    found = [token for token in streamed_tokens(pieces) if isinstance(token, Tag)]
    assert found == [token for token in tokens(PAGE) if isinstance(token, Tag)]
    words = "".join(token for token in streamed_tokens(pieces) if isinstance(token, str))
    assert words == "".join(token for token in tokens(PAGE) if isinstance(token, str))


def test_attributes_are_read_however_they_are_quoted() -> None:
    [tag] = list(tokens("<A HREF='x&amp;y' ID=z Title=\"a b\">"))
    assert isinstance(tag, Tag)
    assert tag.attributes() == {"href": "x&y", "id": "z", "title": "a b"}
