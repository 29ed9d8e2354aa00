"""The setting that has another model judge the sentences, and every way in that it holds for."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from asked import writes_profile
from building import Build
from endpoint import Endpoint
from nli_model import write_model

from guided_profile.apps import assembly
from guided_profile.apps.assistants.companion import Companion
from guided_profile.apps.bulk.base import BuildInput
from guided_profile.apps.bulk.engines.ray_worker import Workplace
from guided_profile.apps.bulk.plan import SENTENCES
from guided_profile.apps.cli.main import main
from guided_profile.apps.server.process.resources import ServerResources
from guided_profile.apps.settings import read_settings
from guided_profile.graph.context import Context
from guided_profile.graph.errors import SettingsError
from guided_profile.graph.records import HistoryItem
from guided_profile.graph.tasks import builtin_tasks
from guided_profile.tools.evidence.chat import ChatVerifier
from guided_profile.tools.evidence.nli import NLIVerifier

CAT = HistoryItem(text="my cat Miso sleeps on my desk", source="chat")
BIKE = HistoryItem(text="the bicycle commute took 20 minutes", source="chat")
ENDPOINT = {"OPENAI_BASE_URL": "http://127.0.0.1:1/v1", "OPENAI_MODEL": "m"}


@pytest.fixture
def nli(tmp_path: Path) -> Path:
    return write_model(tmp_path / "nli")


@pytest.fixture
def judges(endpoint: type[Endpoint], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The models that were asked whether the history supports a sentence, one a question."""
    asked: list[str] = []

    def note(self: Endpoint, body: dict[str, Any]) -> bool:
        if "Statement: " in body["messages"][-1]["content"]:
            asked.append(body["model"])
        return False

    monkeypatch.setattr(endpoint, "fault", note)
    return asked


def test_where_nothing_is_set_the_workflows_own_model_judges() -> None:
    assert assembly.verifier(read_settings({"GUIDED_PROFILE_VERIFIER": " "})) is None


def test_another_model_of_the_endpoint_may_be_named() -> None:
    made = assembly.verifier(read_settings(ENDPOINT | {"GUIDED_PROFILE_VERIFIER": "endpoint:a:b"}))
    assert isinstance(made, ChatVerifier)
    assert made.id.startswith("a:b ")


def test_a_folder_is_an_nli_models_wherever_it_is_read(
    nli: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(nli.parent)
    monkeypatch.setenv("HOME", str(nli.parent))
    for said in (str(nli), "nli", "./nli", "~/nli"):
        settings = read_settings({"GUIDED_PROFILE_VERIFIER": said})
        assert settings.verifier == nli  # another process may stand elsewhere
        assert isinstance(assembly.verifier(settings), NLIVerifier)


@pytest.mark.parametrize(
    ("said", "environment", "message"),
    [
        ("endpoint:", ENDPOINT, "'endpoint:'; set it to endpoint: and the name"),
        ("endpoint", ENDPOINT, "'endpoint'; set it to endpoint: and the name"),
        ("endpoint:judge", {}, "OPENAI_BASE_URL or OPENAI_API_KEY"),
        ("judge", ENDPOINT, "'judge'; it may be endpoint:MODEL"),
        (__file__, {}, "the path of a folder"),
    ],
)
def test_what_names_neither_is_refused(
    said: str, environment: dict[str, str], message: str
) -> None:
    with pytest.raises(SettingsError, match=message):
        read_settings({**environment, "GUIDED_PROFILE_VERIFIER": said})


def test_a_folder_without_a_model_is_refused_before_anything_is_asked(
    added: type[Endpoint],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("GUIDED_PROFILE_VERIFIER", str(tmp_path))
    assert main(["ask", "What is my cat called?", "--user", "anna"]) == 2
    assert "has no model.onnx" in capsys.readouterr().err
    assert added.prompts == []


async def by_command(folder: Path) -> None:
    assert await asyncio.to_thread(main, ["demo"]) == 0


async def by_companion(folder: Path) -> None:
    def use() -> None:
        with Companion.open(task="dialogue") as companion:
            companion.remember("anna", [CAT, BIKE]).result(60)
            assert companion.flush(60)

    await asyncio.to_thread(use)


async def by_server(folder: Path) -> None:
    parts = await asyncio.to_thread(ServerResources.assembled, read_settings())
    parts.history.add("anna", [CAT, BIKE])
    context = Context(user_id="anna", task="dialogue")
    await parts.graph.ainvoke({"question": "What is my cat called?"}, context=context)
    parts.history.close()


async def by_worker(folder: Path) -> None:
    settings = read_settings()
    chat = assembly.chat_model(settings)
    maker = Workplace.of(settings, builtin_tasks()["dialogue"], chat).maker()
    made = await maker.make(BuildInput("anna", (CAT, BIKE)))
    assert made.failed is None


async def by_evaluation(folder: Path) -> None:
    example = {
        "user_id": "ada",
        "history": [CAT.text, BIKE.text],
        "query": "Which one?",
        "options": ["a phone case", "a cat toy"],
        "answer": "a cat toy",
    }
    data = folder / "mine.jsonl"
    data.write_text(json.dumps(example))
    command = ["eval", "--task", "preference", "--data", str(data), "--methods", "gpg"]
    assert await asyncio.to_thread(main, [*command, "--out", str(folder / "run")]) == 0


@pytest.mark.parametrize("way", [by_command, by_companion, by_server, by_worker, by_evaluation])
@pytest.mark.parametrize("said", [None, "endpoint:judge", "nli"])
async def test_whichever_way_a_profile_is_made_the_model_that_is_set_judges_it(
    way: Callable[[Path], Awaitable[None]],
    said: str | None,
    judges: list[str],
    nli: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if said:
        monkeypatch.setenv("GUIDED_PROFILE_VERIFIER", str(nli) if said == "nli" else said)
    await way(tmp_path)
    assert set(judges) == {None: {"m"}, "endpoint:judge": {"judge"}, "nli": set()}[said]


def test_a_profile_that_another_one_judged_is_made_anew(
    added: type[Endpoint], judges: list[str], nli: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = ["ask", "What is my cat called?", "--user", "anna"]
    wanted = []
    for said in ("endpoint:judge", "endpoint:judge", str(nli), "endpoint:judge"):
        monkeypatch.setenv("GUIDED_PROFILE_VERIFIER", said)
        del judges[:], added.prompts[:]
        assert main(ask) == 0
        wanted.append((set(judges), any(map(writes_profile, added.prompts))))
    assert wanted == [({"judge"}, True), (set(), False), (set(), True), ({"judge"}, True)]


def test_everybodys_profiles_are_planned_made_and_charged_with_it(
    endpoint: type[Endpoint],
    judges: list[str],
    build: Build,
    users: Path,
    tmp_path: Path,
    nli: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GUIDED_PROFILE_VERIFIER", "endpoint:judge")
    asks = build("--from", users, "--dry-run")
    out = tmp_path / "profiles.jsonl"
    report = build("--from", users, "--out", out)
    assert (report["built"], set(judges)) == (6, {"judge"})
    assert report["cost"]["calls"] == len(endpoint.prompts)
    assert build("--from", users, "--out", out)["fresh"] == 6
    monkeypatch.setenv("GUIDED_PROFILE_VERIFIER", str(nli))
    planned = build("--from", users, "--out", out, "--dry-run")
    assert (planned["fresh"], planned["stale"]) == (0, 6)
    assert planned["calls"] == 6 * (2 + 2 * SENTENCES) < asks["calls"]
    assert planned["input_tokens"] < asks["input_tokens"]
    del judges[:]
    assert build("--from", users, "--out", out)["built"] == 6
    assert judges == []


def test_a_batch_is_for_one_model(
    endpoint: type[Endpoint],
    build: Build,
    users: Path,
    tmp_path: Path,
    nli: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given = ["--from", users, "--out", tmp_path / "o.jsonl", "--batch-out"]
    monkeypatch.setenv("GUIDED_PROFILE_VERIFIER", "endpoint:judge")
    report = build(*given, tmp_path / "1.jsonl")
    assert report["error"] == "SettingsError"
    assert "for one model" in report["message"]
    monkeypatch.setenv("GUIDED_PROFILE_VERIFIER", str(nli))
    assert build(*given, tmp_path / "2.jsonl")["requests"] == 6
    assert endpoint.prompts == []


def test_an_evaluation_does_not_mix_answers_of_two_judges(
    endpoint: type[Endpoint], nli: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ["eval", "--methods", "gpg", "--n", "1", "--out", str(tmp_path / "run")]
    assert main(command) == 0
    monkeypatch.setenv("GUIDED_PROFILE_VERIFIER", str(nli))
    assert main(command) == 2
