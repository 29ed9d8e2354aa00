"""Notes: Markdown files, vaults, Apple's and Notion's exports."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from exported import folder_of, in_every_form, read, zip_of

from guided_profile.tools.readers.heads import Head
from guided_profile.tools.readers.writing.markdown_notes import READER

DAY = datetime(2024, 5, 14, tzinfo=UTC)

NOTE = """---
tags:
  - bread
created: 2024-05-14T02:00:00+02:00
---
# Sourdough

I feed my [[Starter|old starter]] twice, see [this](https://example.org) ![[pic.png]] %%secret%%
and ![a picture](x.png) `levain`.

> Bread is life, said somebody.

> [!tip] Salt
> I add 2% salt.

> [!quote] Somebody
> Words of others

## Rezept

```python
print("code")
```

1. Mix
   - flour
2. Bake <!-- hidden -->

| Flour | g |
|---|---|
| rye | 300 |

<aside>I <b>love</b> it</aside>
"""
WORDS = [
    "Sourdough: I feed my old starter twice, see this\nand levain.\nSalt\nI add 2% salt.",
    "Sourdough / Rezept: - Mix\n  - flour\n- Bake\nFlour | g\nrye | 300\nI love it",
]


def test_a_note_is_its_writer_s_words_below_its_headings(tmp_path: Path) -> None:
    found = in_every_form(tmp_path, "Sourdough.md", NOTE)
    assert found.formats == {"markdown": 1}
    assert found.texts == WORDS
    assert {
        (item.role, item.kind, item.source, item.category, item.time) for item in found.items
    } == {("user", "said", "notes", "bread", DAY)}


def test_a_note_cut_short_within_its_code_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    cut = NOTE[: NOTE.index('("code")')]
    assert read(folder_of(tmp_path, {"x.md": cut}) / "x.md").texts == WORDS[:1]


def test_a_heading_that_is_a_day_tells_when(tmp_path: Path) -> None:
    journal = "# Journal\n\n## 2024-05-14\n\nBegan Greek.\n\n## 14 mai 2024\n\nJ'ai lu.\n"
    found = read(folder_of(tmp_path, {"x.md": journal}) / "x.md")
    assert found.texts == ["Journal: Began Greek.", "Journal: J'ai lu."]
    assert {item.time for item in found.items} == {DAY}


SCRIPTS = {
    "Python": '"""x**2 + y**2"""\n## helpers\n# see [docs](x)\nreturn x**2 + x**3\n',
    "a shell's": "#!/bin/sh\n## usage: [x](https://example.org)\n**/*.py\n",
    "Bash": "## usage\nif [[ -f /etc/x ]]; then\n  echo **/*.py **/*.js\nfi\n",
    "R": "## load\ny <- x[[1]] + x[[2]]\n",
}


@pytest.mark.parametrize("text", SCRIPTS.values(), ids=SCRIPTS)
def test_a_script_is_not_taken_for_markdown(text: str) -> None:
    assert not READER.recognises(Head("script", len(text), text.encode()))


VAULT = {
    "vault/.obsidian/app.json": "{}",
    "vault/.obsidian/templates.json": '{"folder": "Vorlagen"}',
    "vault/.obsidian/daily-notes.json": '{"folder": "Tage", "format": "DD.MM.YYYY"}',
    "vault/.obsidian/plugins/x/README.md": "# A plugin\n\nNot the user's.",
    "vault/.trash/old.md": "thrown away",
    "vault/Vorlagen/Tag.md": "# Tag\n\nWas war heute?",
    "vault/New.md": "{{date}} a template of another folder",
    "vault/Drawing.excalidraw.md": "---\nexcalidraw-plugin: parsed\n---\nx",
    "vault/Tage/14.05.2024.md": "Early up.\n\n- [x] feed starter\n",
    "vault/Brot/Sauerteig.md": "Er ist alt.\n",
    "vault/Brot/picture.png": b"\x89PNG\r\n\x1a\n\0",
}


def test_a_vault_is_read_without_templates_and_plugins(tmp_path: Path) -> None:
    for path in (folder_of(tmp_path / "x", VAULT), zip_of(tmp_path / "vault.bin", VAULT)):
        found = read(path)
        assert list(found.formats) == ["vault"]
        assert [(item.text, item.category, item.time) for item in found.items] == [
            ("Sauerteig: Er ist alt.", "Brot", None),
            ("Early up.\n- [x] feed starter", None, DAY),
        ]
        assert found.skipped == {
            "files of the app": 2,
            "templates": 2,
            "drawings": 1,
            "files of other kinds": 1,
        }


def test_a_graph_of_logseq_is_read(tmp_path: Path) -> None:
    graph = {
        "logseq/config.edn": "{}",
        "journals/2024_05_14.md": (
            "- TODO bake rye\n  collapsed:: true\n\t- with spelt\n- #+BEGIN_QUOTE\n  of others\n"
            "  #+END_QUOTE\n- I saw [[Ana]] ((64c1c0f0-0000-0000-0000-000000000000))\n"
        ),
        "pages/Food___Bread.md": "tags:: baking, food\n\n- I like rye\n  id:: 64c1c0f0\n",
        "pages/templates.md": "- Day\n  template:: day\n\t- How was it?\n",
    }
    found = read(folder_of(tmp_path, graph))
    assert [(item.text, item.category, item.time) for item in found.items] == [
        ("- TODO bake rye\n  - with spelt\n- I saw Ana", None, DAY),
        ("Bread: - I like rye", "baking", None),
    ]
    assert found.skipped == {"templates": 1}


def test_apple_s_notes_are_texts_in_folders_of_their_names(tmp_path: Path) -> None:
    notes = {
        "iCloud Notes/Notes/Einkauf/Einkauf.txt": "Einkauf\nRoggen",
        "iCloud Notes/Notes/Ideen/Ideen.txt": "Ein Ofen im Hof",
        "iCloud Notes/Notes/Ideen/picture.png": b"\x89PNG\r\n\x1a\n\0",
    }
    found = read(zip_of(tmp_path / "x.zip", notes))
    assert found.formats == {"apple-notes": 2}
    assert found.texts == ["Einkauf\nRoggen", "Ideen: Ein Ofen im Hof"]


ID = "0123456789abcdef0123456789abcde"
NOTION = {
    f"Export/Home {ID}0.md": (
        f"# Home\n\nOn [Bücher](B%C3%BCcher%20{ID}1.csv)\n\n<aside>\nI read at night.\n</aside>\n"
    ),
    f"Export/Bücher {ID}1.csv": 'Name,Status,Rating,Created\nDune,Done,5,"May 14, 2024 9:41 AM"\n',
    f"Export/Bücher {ID}1_all.csv": (
        "\ufeffName,Status,Rating,Created\n"
        'Dune,Done,5,"May 14, 2024 9:41 AM"\n'
        f"Ulysses (https://www.notion.so/Ulysses-{ID}3?pvs=21),To read,,\n"
    ),
    f"Export/Bücher/Dune {ID}2.md": (
        "# Dune\n\nStatus: Done\nRating: 5\nCreated: May 14, 2024 9:41 AM\n\nI liked the desert.\n"
    ),
    f"Export/Alone {ID}4.md": "# Alone\n\nMood: calm\n\n",
}


def test_notion_s_pages_and_rows_are_read_once(tmp_path: Path) -> None:
    part = {"Export-Part-1.zip": zip_of(tmp_path / "part", NOTION).read_bytes()}
    for path in (
        folder_of(tmp_path / "x", NOTION),
        zip_of(tmp_path / "export", NOTION),
        zip_of(tmp_path / "of zips", part),
        folder_of(tmp_path / "of parts", part),
    ):
        found = read(path)
        time = datetime(2024, 5, 14, 9, 41, tzinfo=UTC)
        assert sorted(
            (item.text, item.category, item.time) for item in found.items if item.time
        ) == [
            (
                "Bücher: Dune (Status: Done, Rating: 5, Created: May 14, 2024 9:41 AM)",
                "Bücher",
                time,
            ),
            ("Dune: I liked the desert.", "Bücher", time),
        ]
        assert sorted(item.text for item in found.items if not item.time) == [
            "Alone (Mood: calm)",
            "Bücher: Ulysses (Status: To read)",
            "Home: On Bücher\nI read at night.",
        ]
