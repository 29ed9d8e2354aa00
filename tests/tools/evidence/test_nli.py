"""The verifier that runs an NLI model of one's own, with a real one that is tiny."""

import asyncio
import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from nli_model import LABELS, onnx, write_model
from workflows import ANNA, graph_of

from guided_profile.graph.context import Context
from guided_profile.graph.errors import ModelError, SettingsError
from guided_profile.graph.records import HistoryItem
from guided_profile.tools.embedders.onnx_writer import INT32, INT64
from guided_profile.tools.evidence.base import MOST_EVIDENCE, Claim, Compares, Judged
from guided_profile.tools.evidence.cross_encoder import CrossEncoder
from guided_profile.tools.evidence.nli import NEAREST, NLIVerifier
from guided_profile.tools.history.store import HistoryStore


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("nli"))


@pytest.fixture
def verifier(folder: Path) -> NLIVerifier:
    return NLIVerifier(folder)


def items(*texts: str) -> tuple[HistoryItem, ...]:
    return tuple(HistoryItem(id=str(n), text=text) for n, text in enumerate(texts))


def claim(text: str, *texts: str, nearness: Sequence[float] = ()) -> Claim:
    return Claim(text, items(*texts), tuple(nearness))


async def judged(verifier: NLIVerifier, claim: Claim) -> Judged:
    (found,), calls = await verifier.verify([claim])
    assert calls == []
    return found


async def test_a_claim_that_one_item_entails_is_stated(verifier: NLIVerifier) -> None:
    found = await judged(verifier, claim("This person has a cat.", "my cat", "tea"))
    assert (found.verdict, found.evidence) == ("stated", ("0",))
    assert found.probability > 0.9


async def test_the_item_that_entails_it_most_is_named_first(verifier: NLIVerifier) -> None:
    two = claim("cat dog train tea", "cat dog train", "cat", "cat dog train tea")
    assert (await judged(verifier, two)).evidence == ("2", "0")
    many = claim("cat", *["cat"] * 8)
    assert len((await judged(verifier, many)).evidence) == MOST_EVIDENCE


async def test_what_only_the_nearest_together_entail_is_inferred(verifier: NLIVerifier) -> None:
    texts = "cat", "piano", "dog train", "tea"
    found = await judged(verifier, claim("cat dog train", *texts, nearness=(0.5, 0.1, 0.9, 0.2)))
    assert (found.verdict, found.evidence) == ("inferred", ("2", "0", "3"))
    assert found.probability > 0.9
    apart = claim("cat dog train", *texts, nearness=(0.1, 0.5, 0.9, 0.2))  # tea is nearer than cat
    assert (await judged(verifier, apart)).verdict == "unsupported"


async def test_what_nothing_entails_is_unsupported(verifier: NLIVerifier) -> None:
    for claimed in (claim("yacht", "cat", "dog"), claim("cat", "tea"), claim("cat")):
        found = await judged(verifier, claimed)
        assert (found.verdict, found.evidence) == ("unsupported", ())
        assert found.probability < 0.1


async def test_the_newest_item_that_says_anything_to_it_decides(verifier: NLIVerifier) -> None:
    over = await judged(verifier, claim("cat", "cat", "not cat", "tea"))
    assert (over.verdict, over.evidence) == ("contradicted", ("1",))
    assert over.probability < 0.1
    again = await judged(verifier, claim("cat", "not cat", "cat", "tea"))
    assert (again.verdict, again.evidence) == ("stated", ("1",))


async def test_a_weak_contradiction_does_not_undo_what_is_said_plainly(
    verifier: NLIVerifier,
) -> None:
    four = "cat dog train tea"
    assert (await judged(verifier, claim(four, "not cat dog train"))).verdict == "contradicted"
    assert (await judged(verifier, claim(four, four, "not cat dog train"))).verdict == "stated"


async def test_what_is_far_from_a_claim_does_not_contradict_it(verifier: NLIVerifier) -> None:
    texts = "cat", "not cat"
    near = await judged(verifier, claim("cat", *texts, nearness=(0.9, 0.5)))
    far = await judged(verifier, claim("cat", *texts, nearness=(0.9, 0.4)))
    assert (near.verdict, far.verdict) == ("contradicted", "stated")
    cited = Claim("cat", items(*texts), (0.9, 0.4), cited=frozenset("1"))
    assert (await judged(verifier, cited)).verdict == "contradicted"


async def test_the_date_and_the_category_are_shown_and_the_number_is_not(
    verifier: NLIVerifier,
) -> None:
    item = HistoryItem.model_validate({"text": "tea", "category": "pets", "time": "2025-03-01"})
    found = await judged(verifier, Claim("pets 2025", (item,)))
    assert found.verdict == "stated"
    assert (await judged(verifier, Claim("1", (item,)))).verdict == "unsupported"


async def test_of_many_items_the_nearest_and_the_cited_are_looked_at(
    verifier: NLIVerifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, str]] = []
    relations = CrossEncoder.relations

    def counting(self: CrossEncoder, pairs: Sequence[tuple[str, str]]) -> object:
        asked.extend(pairs)
        return relations(self, pairs)

    monkeypatch.setattr(CrossEncoder, "relations", counting)
    texts = ["cat", *["tea"] * 40]
    near = tuple(n / 100 for n in range(len(texts)))
    assert (await judged(verifier, claim("cat", *texts, nearness=near))).verdict == "unsupported"
    assert len(asked) == NEAREST + 1
    cited = Claim("cat", items(*texts), near, cited=frozenset("0"))
    assert (await judged(verifier, cited)).evidence == ("0",)
    newest = await judged(verifier, claim("cat", *reversed(texts)))
    assert newest.verdict == "stated"  # how near they are is not known


async def test_others_words_do_not_count(verifier: NLIVerifier) -> None:
    other = HistoryItem(text="cat", role="other")
    assert (await judged(verifier, Claim("cat", (other,)))).verdict == "unsupported"


async def test_a_claims_judgement_does_not_depend_on_those_beside_it(
    verifier: NLIVerifier,
) -> None:
    claims = [
        claim("cat", "my cat " * n, "not dog", "cat dog train " * (40 - n)) for n in range(1, 40)
    ]
    together, _ = await verifier.verify(claims)
    assert together == [await judged(verifier, claimed) for claimed in claims]
    assert (await verifier.verify([]))[0] == []


async def test_a_text_that_is_too_long_is_cut_and_the_claim_is_not(verifier: NLIVerifier) -> None:
    rest = "and so on " * 1500
    assert (await judged(verifier, claim("cat", f"cat {rest}", "tea"))).evidence == ("0",)
    assert (await judged(verifier, claim("cat", f"{rest} cat"))).verdict == "unsupported"


async def test_several_may_ask_at_once_and_the_model_is_loaded_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []
    opening = CrossEncoder._open_session
    monkeypatch.setattr(
        CrossEncoder, "_open_session", lambda self: opened.append(1) or opening(self)
    )
    verifier = NLIVerifier(folder)
    assert opened == []
    asked = [judged(verifier, claim("cat", "cat" if n % 2 else "tea")) for n in range(20)]
    found = await asyncio.gather(*asked)
    assert [judgement.verdict for judgement in found] == ["unsupported", "stated"] * 10
    assert opened == [1]


@pytest.mark.parametrize(
    "labels",
    [
        ("ENTAILMENT", "Neutral", "contradiction"),
        ("neutral", "contradiction", "entailment"),
    ],
)
async def test_the_labels_may_stand_in_any_order_and_case(
    labels: tuple[str, ...], tmp_path: Path
) -> None:
    verifier = NLIVerifier(write_model(tmp_path, labels))
    texts = ("cat", "cat"), ("cat", "not cat"), ("cat", "tea")
    found = [(await judged(verifier, claim(*pair))).verdict for pair in texts]
    assert found == ["stated", "contradicted", "unsupported"]


async def test_a_model_of_two_labels_entails_or_does_not(tmp_path: Path) -> None:
    verifier = NLIVerifier(write_model(tmp_path, ("entailment", "not_entailment")))
    texts = ("cat", "cat"), ("cat", "not cat"), ("cat dog", "cat", "dog")
    found = [(await judged(verifier, claim(*pair))).verdict for pair in texts]
    assert found == ["stated", "unsupported", "inferred"]


async def test_whether_a_sentence_tells_what_another_tells_is_asked_in_that_direction(
    verifier: NLIVerifier,
) -> None:
    assert isinstance(verifier, Compares)
    assert (await verifier.same("a cat", "a cat, Miso, and a dog"))[0] > 0.9
    assert (await verifier.same("a cat, Miso, and a dog", "a cat"))[0] < 0.1


async def test_a_higher_threshold_keeps_less_and_is_part_of_the_name(folder: Path) -> None:
    close = claim("cat dog train tea", "cat dog train")
    usual, strict = NLIVerifier(folder), NLIVerifier(folder, keep=0.9)
    assert (await judged(usual, close)).verdict == "stated"
    assert (await judged(strict, close)).verdict == "unsupported"
    assert usual.id != strict.id


def test_a_model_is_named_by_what_it_is_and_not_by_where(folder: Path, tmp_path: Path) -> None:
    named = NLIVerifier(folder).id
    assert NLIVerifier(Path(shutil.copytree(folder, tmp_path / "copy"))).id == named
    assert NLIVerifier(write_model(tmp_path / "other", LABELS[::-1])).id != named
    longer = Path(shutil.copytree(folder, tmp_path / "longer"))
    (longer / "model.onnx").write_bytes((folder / "model.onnx").read_bytes() + bytes(2))
    assert NLIVerifier(longer).id != named


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json", "config.json"])
def test_a_file_that_is_missing_is_named(name: str, folder: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(folder, tmp_path / "copy"))
    (copy / name).unlink()
    with pytest.raises(SettingsError, match=f"has no {name}"):
        NLIVerifier(copy)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ("no JSON", "config.json' cannot be used"),
        ("{}", "id2label: Field required"),
        ('{"id2label": {"0": "LABEL_0", "1": "LABEL_1"}}', "LABEL_0.*not entailment, neutral"),
        ('{"id2label": {"1": "entailment", "2": "not_entailment"}}', "config.json"),
        ('{"id2label": {"0": "entailment", "1": "contradiction"}}', "config.json"),
    ],
)
def test_a_config_that_does_not_name_the_labels_is_refused(
    config: str, said: str, folder: Path, tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(folder, tmp_path / "copy"))
    (copy / "config.json").write_text(config)
    with pytest.raises(SettingsError, match=said):
        NLIVerifier(copy)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("tokenizer.json", b"no JSON"),
        ("tokenizer.json", b"{}"),
        ("tokenizer.json", b"\xff"),
        ("model.onnx", b""),
        ("model.onnx", b"no model"),
        ("model.onnx", onnx(inputs={"input_ids": INT32, "attention_mask": INT64})),
        ("model.onnx", onnx(("entailment", "not_entailment"))),
    ],
)
async def test_a_file_that_is_wrong_is_named_when_it_is_needed(
    name: str, content: bytes, folder: Path, tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(folder, tmp_path / "copy"))
    (copy / name).write_bytes(content)
    verifier = NLIVerifier(copy)
    with pytest.raises(SettingsError, match=name):
        await verifier.verify([claim("cat", "cat")])


async def test_a_model_that_fails_is_an_error_and_no_verdict(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = Path(shutil.copytree(folder, tmp_path / "copy"))
    described = json.loads((copy / "tokenizer.json").read_text())
    described["model"]["vocab"]["dachshund"] = 1000  # a token that the model does not know
    (copy / "tokenizer.json").write_text(json.dumps(described))
    with pytest.raises(ModelError, match="failed"):
        await NLIVerifier(copy).verify([claim("dachshund", "cat")])


@pytest.mark.parametrize("package", ["onnxruntime", "tokenizers"])
def test_without_the_extra_it_is_named(
    package: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(SettingsError, match=r"guided-profile\[local\]"):
        NLIVerifier(folder)


async def test_in_the_workflow_it_judges_in_place_of_the_chat_model(
    folder: Path, history: HistoryStore
) -> None:
    history.add("anna", ANNA)
    graph, chat = graph_of(history, "Miso.", verifier=NLIVerifier(folder))
    context = Context(user_id="anna", task="dialogue")
    out = await graph.ainvoke({"question": "What is my cat called?"}, context=context)
    sentences = {
        sentence.text: (sentence.verdict, sentence.evidence)
        for sentence in out["answer"].profile.sentences
    }
    assert sentences == {
        "This person has a cat named Miso.": ("stated", (ANNA[0].id,)),
        "This person commutes by bicycle.": ("unsupported", ()),  # the model knows no inflections
        "They own a yacht.": ("unsupported", ()),
    }
    assert not any("Statement" in prompt for prompt in chat.prompts)
