"""The benchmark of the verifier: it counts what it says, and asks nothing twice."""

import json
import os
import re
import sys
from pathlib import Path

import pytest
from endpoint import Endpoint
from scripted import ScriptedChat

from guided_profile.evals.benches.evidence import (
    Asked,
    Kept,
    ask,
    cited,
    main,
    rules,
    share,
    tally,
    wrong,
)
from guided_profile.evals.benches.labelled import Labelled, Person, parse
from guided_profile.evals.report import charts
from guided_profile.evals.run import models
from guided_profile.graph.errors import ModelError
from guided_profile.tools.embedders.lexical import LexicalEmbedder
from guided_profile.tools.evidence.calibration import Calibration, Features
from guided_profile.tools.evidence.chat import ChatVerifier

KIM = {
    "user_id": "kim",
    "half": "report",
    "lang": "en",
    "history": [
        {"text": "my cat Miso sleeps on my desk", "source": "chat", "time": "2025-01-01"},
        {"text": "the bicycle commute took 20 minutes", "source": "chat", "time": "2025-01-02"},
        {"text": "Do you commute by train?", "source": "chat", "role": "other"},
    ],
    "sentences": [
        {"text": "This person has a cat named Miso.", "label": "supported", "evidence": [0]},
        {"text": "This person commutes by bicycle.", "label": "supported", "evidence": [1]},
        {"text": "This person owns a yacht.", "label": "invented", "evidence": []},
        {"text": "This person has no cat named Miso.", "label": "contradicted", "evidence": [0]},
    ],
}
LEE = {
    "user_id": "lee",
    "half": "fit",
    "lang": "de",
    "history": ["I took the train to the sea."],
    "sentences": [{"text": "This person took the train.", "label": "supported", "evidence": [0]}],
}
YES_DECIDES = Calibration((0.0, 1.0, 0.0, 0.0, 0.0, 0.0), keep=0.5)


def people() -> list[Person]:
    return parse(f"{json.dumps(KIM)}\n{json.dumps(LEE)}\n", "mine.jsonl")


def verifier(**fields: object) -> ChatVerifier:
    return ChatVerifier(ScriptedChat(script=lambda prompt: "", **fields))


def sentence(label: str, yes: float, near: float = 0.5, **fields: object) -> Asked:
    features = Features(yes=yes, nearness=near, missing=0, did=0.0, foreign=False)
    given = Labelled(f"{label} {yes}", label, **fields)  # type: ignore[arg-type]
    return Asked("kim", "", given, features, ("1", "2"))


async def test_every_sentence_is_asked_about_with_its_persons_own_items(tmp_path: Path) -> None:
    first = verifier()
    counts: list[int] = []
    kept = Kept(tmp_path / "out" / "evidence.jsonl")
    found = await ask(people(), first, LexicalEmbedder(), kept, counts.append)
    assert counts == [1, 2, 3, 4, 5]
    assert [(a.person, a.half, a.given.text) for a in found] == [
        *(("kim", "report", s["text"]) for s in KIM["sentences"]),  # type: ignore[index]
        ("lee", "fit", "This person took the train."),
    ]
    assert [a.features.yes > 0.5 for a in found] == [True, True, False, True, True]
    assert found[0].evidence == ("0",)
    assert not any("by train" in prompt for prompt in first.chat.prompts)  # said by another


async def test_a_run_that_was_stopped_goes_on_where_it_was(tmp_path: Path) -> None:
    path = tmp_path / "evidence.jsonl"

    def fails_at_third(statement: str, lines: list[str]) -> float:
        if "yacht" in statement:
            raise TimeoutError
        return 0.9

    with pytest.raises((ModelError, TimeoutError)):
        await ask(people(), verifier(judges=fails_at_third), LexicalEmbedder(), Kept(path))
    with path.open("a") as stream:
        stream.write('{"key": "cut o')  # by a kill
    second = verifier()
    found = await ask(people(), second, LexicalEmbedder(), Kept(path))
    assert len(second.chat.prompts) == 3
    assert [asked.features.yes for asked in found] == pytest.approx([0.9, 0.9, 0.05, 0.9, 0.9])

    third = verifier()
    assert await ask(people(), third, LexicalEmbedder(), Kept(path)) == found
    assert third.chat.prompts == []


async def test_another_model_or_history_is_asked_anew(tmp_path: Path) -> None:
    kept = Kept(tmp_path / "evidence.jsonl")
    await ask(people(), verifier(), LexicalEmbedder(), kept)
    other = verifier(model_name="another")
    await ask(people(), other, LexicalEmbedder(), kept)
    assert len(other.chat.prompts) == 5
    changed = LEE | {"history": ["I took the train to the sea.", "a ferry"]}
    longer = verifier()
    await ask(parse(json.dumps(changed), "mine.jsonl"), longer, LexicalEmbedder(), kept)
    assert len(longer.chat.prompts) == 1


async def test_a_model_without_probabilities_cannot_be_measured(tmp_path: Path) -> None:
    kept = Kept(tmp_path / "evidence.jsonl")
    with pytest.raises(ModelError, match="gives no probabilities"):
        await ask(people(), verifier(logprobs=False), LexicalEmbedder(), kept)
    assert not (tmp_path / "evidence.jsonl").exists()


def test_what_is_kept_is_counted_by_label() -> None:
    found = [
        sentence("supported", 0.9),
        sentence("supported", 0.4),
        sentence("invented", 0.6),
        sentence("contradicted", 0.1),
    ]
    keeps = rules(found, YES_DECIDES)["verifier"]
    assert tally(found, keeps) == {
        "supported": {"kept": 1, "of": 2},
        "invented": {"kept": 1, "of": 1},
        "contradicted": {"kept": 0, "of": 1},
    }
    assert [line.split(": ", 1)[1] for line in wrong(found, YES_DECIDES)] == [
        "supported: supported 0.4",
        "invented: invented 0.6",
    ]


def test_a_sign_alone_lets_one_in_twenty_invented_sentences_through() -> None:
    found = [sentence("invented", yes=n / 40, near=1 - n / 40) for n in range(20)]
    found += [sentence("supported", yes=0.9, near=0.1), sentence("contradicted", yes=0.2)]
    of = rules(found, YES_DECIDES)
    assert list(of) == ["verifier", "the model's Yes alone", "nearness alone"]
    for name in ("the model's Yes alone", "nearness alone"):
        assert tally(found, of[name])["invented"] == {"kept": 1, "of": 20}
    assert tally(found, of["the model's Yes alone"])["supported"]["kept"] == 1
    assert tally(found, of["nearness alone"])["supported"]["kept"] == 0


def test_the_rules_stand_where_nothing_is_invented() -> None:
    found = [sentence("supported", 0.9)]
    for keeps in rules(found, YES_DECIDES).values():
        assert tally(found, keeps)["invented"] == {"kept": 0, "of": 0}


def test_a_share_is_shown_with_wilsons_interval() -> None:
    assert share(81, 263) == "81 of 263 (31% [26%, 37%])"  # Newcombe 1998, table I
    assert share(0, 20).startswith("0 of 20 (0% [0%, ")
    assert share(29, 29).endswith(", 100%])")
    assert share(0, 0) == "-"


def test_only_labelled_sentences_that_are_kept_say_what_is_well_cited() -> None:
    gold = {"gold": frozenset({"1"})}
    found = [
        sentence("supported", 0.9, **gold),  # type: ignore[arg-type]
        sentence("supported", 0.1, **gold),  # type: ignore[arg-type]
        sentence("supported", 0.9),
        sentence("contradicted", 0.9, **gold),  # type: ignore[arg-type]
    ]
    assert cited(found, rules(found, YES_DECIDES)["verifier"]) == (1, 2)


def test_the_picture_shows_how_often_each_probability_is_so() -> None:
    pairs = [(0.3, n == 0) for n in range(10)] + [(0.7, n != 0) for n in range(10)]
    svg = charts.reliability(pairs, bins=2)
    dots = [(float(x), float(y)) for x, y in re.findall(r'cx="([\d.]+)" cy="([\d.]+)"', svg)]
    diagonal = re.search(r'x1="([\d.]+)" y1="([\d.]+)" x2="([\d.]+)" y2="([\d.]+)"', svg)
    assert diagonal
    x0, y0, x1, y1 = map(float, diagonal.groups())
    shares = [((x - x0) / (x1 - x0), (y - y0) / (y1 - y0)) for x, y in dots]
    assert shares == [pytest.approx((0.3, 0.1), abs=0.01), pytest.approx((0.7, 0.9), abs=0.01)]
    assert svg.count('class="interval"') == 2
    assert "<circle" not in charts.reliability([])


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str | Path) -> None:
    named = ["--model", "m", "--base-url", os.environ["OPENAI_BASE_URL"]]
    monkeypatch.setattr(sys, "argv", ["evidence", *map(str, arguments), *named])
    monkeypatch.setattr(models, "make_embedder", lambda kind: LexicalEmbedder())
    main()


def test_the_command_prints_its_tables_and_ends_with_a_line_of_json(
    endpoint: type[Endpoint],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path, out, curve = tmp_path / "mine.jsonl", tmp_path / "out.jsonl", tmp_path / "curve.svg"
    path.write_text(f"{json.dumps(KIM)}\n{json.dumps(LEE)}\n")
    run(monkeypatch, path, "--wrong", "--out", out, "--curve", curve)
    printed = capsys.readouterr().out.splitlines()
    assert json.loads(printed[-1]) == {
        "supported": {"kept": 3, "of": 3},
        "invented": {"kept": 0, "of": 1},
        "contradicted": {"kept": 1, "of": 1},
    }
    text = "\n".join(printed)
    assert "5 sentences, m, " in text
    assert "verifier: supported kept 3 of 3 (100% [44%, 100%]); invented kept 0 of 1" in text
    assert "cited items that are labelled: 3 of 3" in text
    assert "  de: supported 1 of 1; invented 0 of 0" in text
    assert "kim: contradicted: This person has no cat named Miso." in text
    assert "<circle" in curve.read_text()

    asked = len(endpoint.prompts)
    run(monkeypatch, path, "--half", "fit", "--out", out)
    assert len(endpoint.prompts) == asked  # all of it was kept
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["supported"]["of"] == 1


def test_the_command_names_a_line_that_is_wrong_before_it_asks_anything(
    endpoint: type[Endpoint], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_text(f"{json.dumps(KIM)}\n{{}}\n")
    with pytest.raises(SystemExit, match=r"line 2 of 'mine\.jsonl'"):
        run(monkeypatch, path, "--out", tmp_path / "out.jsonl")
    assert endpoint.prompts == []
