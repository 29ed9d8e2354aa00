"""The neutralising step of text paraphrasing: a model rewrites a person's text without their style.

LaMP-7 was made so (Salemi et al. 2023, by gpt-3.5-turbo), and the paper takes it over (section
4.2). What the model writes is kept in a JSONL file as it comes, and a run that was stopped goes on
where it stopped; nothing is asked twice.
"""

import asyncio
import hashlib
import json
import logging
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import HumanMessage

from guided_profile.evals.datasets import files
from guided_profile.evals.datasets.examples import Example
from guided_profile.graph.errors import DatasetError
from guided_profile.tools.models.calls import complete, model_id

PROMPT = """\
Rewrite the text below in plain, neutral English: full sentences, standard capitalization,
spelling and punctuation, no emoji, emoticons, hashtags, slang or abbreviations. Use other words
where you can, keep the meaning, and add nothing. Write only the rewritten text.

Text: {text}
Rewritten text:"""

_TOKENS = 160
_log = logging.getLogger(__name__)


async def neutralise(
    examples: Iterable[Example], chat: BaseChatModel, kept: Path, *, concurrency: int = 1
) -> list[Example]:
    """Return the examples with a question that a model wrote from their reference.

    Args:
        examples: Of text paraphrasing: the reference is the person's own text.
        chat: The model that writes.
        kept: A JSONL file of what it wrote; it is made if there is none, and added to. What another
            model wrote into it stays.
        concurrency: How many calls are under way at a time.

    Returns:
        Those that the model gave a usable text for, in their order; the others are logged.

    Raises:
        ModelError: The model failed; what it wrote before is kept.
        DatasetError: `kept` is not such a file.
    """
    wanted = list(examples)
    written = _read(kept, mend=True)
    open_ = [example for example in wanted if _key(example) not in written]
    _log.info("%d of %d texts are to be written", len(open_), len(wanted))
    gate = asyncio.Semaphore(concurrency)

    async def write(example: Example) -> None:
        async with gate:
            prompt = PROMPT.format(text=example.reference)
            said = await complete(
                chat, [HumanMessage(prompt)], stage="neutralise", max_tokens=_TOKENS
            )
        text = _usable(said.text) if said.finish_reason == "stop" else ""
        entry = {"key": _key(example), "id": example.id, "model": model_id(chat), "text": text}
        written[entry["key"]] = entry
        with kept.open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry, ensure_ascii=False) + "\n")

    kept.parent.mkdir(parents=True, exist_ok=True)
    try:
        async with asyncio.TaskGroup() as group:
            for example in open_:
                group.create_task(write(example))
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None  # the others failed likewise
    return list(_replaced(wanted, written))


def neutralised(examples: Iterable[Example], kept: Path) -> Iterator[Example]:
    """Yield the examples with the questions that `neutralise` kept for them.

    Raises:
        DatasetError: The file has none for some of them, or is not such a file.
    """
    wanted = list(examples)
    written = _read(kept)
    missing = sum(_key(example) not in written for example in wanted)
    if missing:
        raise DatasetError(
            f"{kept} has no neutral text for {missing} of {len(wanted)} examples; have a model "
            "write them with --write-neutral."
        )
    yield from _replaced(wanted, written)


def _key(example: Example) -> str:
    """Return a digest of what the model is asked: another prompt or text is asked anew."""
    return hashlib.sha256(PROMPT.format(text=example.reference).encode()).hexdigest()[:24]


def _usable(said: str) -> str:
    """Return what a model wrote, without quotes around it, in one line."""
    text = " ".join(said.split())
    if len(text) > 1 and text[0] in "\"'“" and text[-1] in "\"'”":
        text = text[1:-1].strip()
    return text


def _replaced(examples: Sequence[Example], written: dict[str, dict[str, Any]]) -> Iterator[Example]:
    for example in examples:
        entry = written[_key(example)]
        if not entry["text"]:
            _log.warning("%s is left out: the model wrote no usable text", example.id)
            continue
        about = example.about | {"neutralised_by": entry["model"]}
        yield example.model_copy(update={"question": entry["text"], "about": about})


def _read(path: Path, *, mend: bool = False) -> dict[str, dict[str, Any]]:
    """Return what is kept, by key.

    Args:
        path: The file.
        mend: Whether a last line that a stopped run left unfinished is taken away, and a file that
            is not there yet is empty.
    """
    if mend:
        if not path.exists():
            return {}
        data = path.read_bytes()
        if not data.endswith(b"\n"):
            path.write_bytes(data[: data.rfind(b"\n") + 1])
    found = {}
    for place, entry in files.json_lines(path):
        key = place.field(entry, "key", str)
        place.field(entry, "text", str)
        found[key] = entry | {"model": place.text(entry, "model")}
    return found
