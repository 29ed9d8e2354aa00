"""The benchmark of a profile's worth: it says whether worth foretells lift."""

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from scripted import ScriptedChat

from guided_profile.evals.benches import worth
from guided_profile.evals.benches.worth import main, people
from guided_profile.evals.datasets.sampling import in_turn

THINGS = ("cat", "boat", "oven", "kite", "drum", "loom")


def row(n: int) -> dict[str, Any]:
    thing = THINGS[n]
    return {
        "set": "purchases" if n % 2 else "conversation",
        "user_id": f"u{n}",
        "history": [
            {"text": f"the {thing} kept me busy on day {day}, all of it", "category": "Home"}
            for day in range(5)
        ],
        "sentences": [
            {"text": f"This person has a {thing}.", "label": "supported", "evidence": []},
            {"text": "This person sings.", "label": "invented", "evidence": []},
        ],
        "query": "What next?",
        "options": [f"a new {thing}", "a stone", "a chair"],
        "answer": f"a new {thing}",
    }


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "labelled.jsonl"
    path.write_text("\n".join(json.dumps(row(n)) for n in range(len(THINGS))))
    return path


def believes(prompt: str) -> dict[str, float]:
    """Follow the profile, the more the later in the list the thing in it stands."""
    listed = re.findall(r"(?m)^([A-Z])\. (.*)$", prompt)
    known = re.search(r"Profile of this person: This person has a (\w+)\.", prompt)
    if text := re.search(r"(?m)^Text: (.*)$", prompt):
        follows = known and known[1] in text[1]
        yes = 0.3 + (0.1 * THINGS.index(known[1]) if known and follows else 0.0)
        return {"Yes": yes, "No": 1 - yes}
    weights = {}
    for letter, text in listed:
        place = THINGS.index(known[1]) if known else 0
        weights[letter] = 1.0 + place if known and known[1] in text else 1.0
    return {letter: weight / sum(weights.values()) for letter, weight in weights.items()}


def test_worth_lift_and_their_correlation_are_shown_and_nothing_is_asked_twice(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    chat = ScriptedChat(script=believes)
    monkeypatch.setattr(worth, "chosen_models", lambda _: (chat, None))
    command = ["worth", str(data), "--out", str(tmp_path / "kept.sqlite")]
    monkeypatch.setattr(sys, "argv", [*command, "--variants", "shipped", "letters", "stranger"])
    main()
    out = capsys.readouterr().out
    asked = len(chat.prompts)
    assert asked
    assert "| shipped | 6 |" in out
    figures = json.loads(out.splitlines()[-1])
    assert figures["n"] == 6
    assert figures["lift"] > 0
    assert set(figures["worth"]) == {"shipped", "letters", "stranger"}
    assert figures["worth"]["shipped"] == sorted(figures["worth"]["shipped"], key=abs)
    line = next(line for line in out.splitlines() if line.startswith("| shipped"))
    assert "+1.00" in line  # the rank correlation
    main()
    assert len(chat.prompts) == asked


def test_only_what_is_supported_is_the_profile_and_what_was_bought_has_its_source(
    data: Path,
) -> None:
    read = people(data)
    assert [each.text for each in read[0].sentences] == ["This person has a cat."]
    assert {item.source for item in read[1].items} == {"purchases"}
    assert read[0].right == 0


def test_the_first_people_are_of_every_group(data: Path) -> None:
    assert [each.group for each in in_turn(people(data))[:2]] == ["conversation", "purchases"]


def test_a_file_without_questions_is_refused(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [json.loads(line) for line in data.read_text().splitlines()]
    data.write_text("\n".join(json.dumps({**row, "answer": "none"}) for row in rows))
    monkeypatch.setattr(sys, "argv", ["worth", str(data), "--out", str(tmp_path / "kept.sqlite")])
    with pytest.raises(SystemExit, match=r"nobody in .* has `query`, `options` and `answer`"):
        main()
