"""The fit of a calibration: it separates what can be separated, and touches no other model's."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from endpoint import Endpoint
from scripted import ScriptedChat

from guided_profile.evals.benches import fit_evidence
from guided_profile.evals.benches.evidence import Asked, rules, tally
from guided_profile.evals.benches.fit_evidence import KEPT_IN, fit, keep, main
from guided_profile.evals.benches.labelled import Label, Labelled, authored
from guided_profile.tools.embedders.lexical import LexicalEmbedder
from guided_profile.tools.evidence.calibration import Calibration, Features

Draw = Callable[..., Asked]


@pytest.fixture
def draw() -> Draw:
    """Draws a sentence whose Yes lies somewhere about a given one."""
    draws = np.random.default_rng(0)

    def drawn(label: Label, yes: float, *, near: float = 0.5, person: str = "kim") -> Asked:
        logit = np.log(yes / (1 - yes)) + draws.normal()
        features = Features(
            yes=float(1 / (1 + np.exp(-logit))),
            nearness=near + 0.1 * float(draws.normal()),
            missing=0,
            did=float(draws.random()),
            foreign=bool(draws.random() < 0.5),
        )
        return Asked(person, "", Labelled(f"{label} {logit}", label), features, ())

    return drawn


def test_what_a_low_yes_separates_is_separated(draw: Draw) -> None:
    """A small model's Yes sits low: half would be the wrong place for the threshold."""
    found = [draw("supported", 0.2) for _ in range(200)]
    found += [draw("invented", 0.002) for _ in range(100)]
    found += [draw("contradicted", 0.002) for _ in range(100)]
    counts = tally(found, rules(found, fit(found))["verifier"])
    assert counts["supported"]["kept"] >= 0.95 * 200
    let_through = counts["invented"]["kept"] + counts["contradicted"]["kept"]
    assert let_through == pytest.approx(0.05 * 200, abs=1)  # its figures are rounded


def test_what_the_yes_does_not_show_another_sign_may(draw: Draw) -> None:
    found = [draw("supported", 0.3, near=1.0) for _ in range(200)]
    found += [draw("invented", 0.3, near=0.0) for _ in range(200)]
    fitted = fit(found)
    assert tally(found, rules(found, fitted)["verifier"])["supported"]["kept"] >= 0.99 * 200
    assert fitted.weights[2] > 5 * max(map(abs, fitted.weights[3:]))


def test_its_probabilities_are_how_often_it_is_so(draw: Draw) -> None:
    found = [draw("supported", 0.2) for _ in range(500)]
    found += [draw("invented", 0.05) for _ in range(500)]
    fitted = fit(found)
    likely = np.array([fitted.probability(sentence.features) for sentence in found])
    so = np.array([sentence.given.label == "supported" for sentence in found])
    for low, high in ((0.2, 0.4), (0.4, 0.6), (0.6, 0.8)):
        there = (likely >= low) & (likely < high)
        assert so[there].mean() == pytest.approx(likely[there].mean(), abs=0.1)


def test_what_cannot_be_separated_is_given_the_share_of_what_is_so(draw: Draw) -> None:
    found = [draw("supported" if n % 4 == 0 else "invented", 0.2) for n in range(400)]
    fitted = fit(found)
    likely = [fitted.probability(sentence.features) for sentence in found]
    assert np.mean(likely) == pytest.approx(0.25, abs=0.01)
    assert np.std(likely) < 0.06


def test_the_threshold_is_not_set_on_near_misses(draw: Draw) -> None:
    found = [draw("supported", 0.2) for _ in range(200)]
    found += [draw("invented", 0.002) for _ in range(200)]
    near = [draw("invented", 0.1, person="near miss") for _ in range(50)]
    both = fit([*found, *near])
    apart = fit([*found, *near], frozenset({"near miss"}))
    assert apart.weights == both.weights
    assert apart.keep < both.keep
    counts = tally(found, rules(found, apart)["verifier"])
    assert counts["invented"]["kept"] == pytest.approx(10, abs=1)


def test_without_anything_wrong_a_half_is_the_threshold(draw: Draw) -> None:
    assert fit([draw("supported", 0.2) for _ in range(20)]).keep == 0.5


def test_an_entry_is_written_beside_the_others(tmp_path: Path) -> None:
    path = tmp_path / "calibrations.json"
    others = {"default": {"weights": [0.0, 1.0], "keep": 0.5}, "other": {"weights": [1.0]}}
    path.write_text(json.dumps(others | {"my-model": {"letters": 4.0, "keep": 0.1}}))
    keep(path, "My-Model", Calibration((1.0, 2.5), 0.25, "today"))
    keep(path, "my-model", Calibration((1.0, 2.0), 0.75, "today"))
    mine = {"my-model": {"letters": 4.0, "weights": [1.0, 2.0], "keep": 0.75, "fitted": "today"}}
    assert json.loads(path.read_text()) == others | mine


def test_the_command_fits_on_the_half_that_is_for_it(
    endpoint: type[Endpoint],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    chat = ScriptedChat(script=lambda prompt: "", model_name="scripted-4b")
    monkeypatch.setattr(fit_evidence, "chosen_models", lambda given: (chat, LexicalEmbedder()))
    monkeypatch.setattr(fit_evidence, "FITTED_ON", ("dev.yaml", "test.yaml"))
    mine, into = tmp_path / "mine.jsonl", tmp_path / "calibrations.json"
    mine.write_text(
        '{"history": ["a zither"], "sentences": [{"text": "They own a zither.", "label": '
        '"supported"}, {"text": "They own a harp.", "label": "invented"}]}\n'
    )
    into.write_text('{"default": {"weights": [0.0, 1.0, 0.0, -0.5, 0.0, 0.0], "keep": 0.5}}')
    before = KEPT_IN.read_text()
    arguments = [str(mine), "--out", str(tmp_path / "out.jsonl"), "--into", str(into)]
    monkeypatch.setattr(sys, "argv", ["fit_evidence", *arguments])
    main()
    assert KEPT_IN.read_text() == before
    known = json.loads(into.read_text())
    assert sorted(known) == ["default", "scripted-4b"]
    assert "scripted-4b" in capsys.readouterr().out
    (fitted, reported) = (authored(name) for name in ("dev.yaml", "test.yaml"))
    asked = sum(len(person.sentences) for person in fitted) + 2
    assert f"on {asked} " in known["scripted-4b"]["fitted"]
    prompts = "\n".join(chat.prompts)
    assert "a zither" in prompts
    assert all(item.text in prompts for person in fitted for item in person.items[:1])
    assert not any(item.text in prompts for person in reported for item in person.items)


def test_the_command_names_a_wrong_file(
    endpoint: type[Endpoint], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["fit_evidence", str(tmp_path / "nowhere.jsonl")])
    with pytest.raises(SystemExit, match="cannot be read"):
        main()
