"""PersonaMem 3: does an answer suit somebody whose likings show in what they did on five apps?

github.com/bowen-upenn/PersonaMem-v3; code MIT, the people, made of facebook/gistbench, CC BY-NC
4.0. `backend/NUMBER/` from the owners' data page: `instagram.json`, `facebook.json`,
`threads.json`, `chatbot.json` and `ai_studio.json` are lists of events (`source_object_id`,
`source_timestamp`, `source_interaction_type`, `interaction_format`, and `content`, `conversation`
or `messages` with their `sender`); `test.json` is a list of `query_id`, `task_type`, `ts`,
`user_query`, `example_response`, `inferior_response` and `groundtruth_preference`. What the owners
inferred from an event (`preferences`) is in no history: it only shows which events bear on a
question. Questions answered by a ranking or an action, not in words, are left out.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from guided_profile.evals.datasets import files
from guided_profile.evals.datasets.conversations import said
from guided_profile.evals.datasets.examples import Example
from guided_profile.graph.errors import DatasetError
from guided_profile.graph.records import HistoryItem
from guided_profile.tools.readers.records import Place

APPS = ("instagram", "facebook", "threads", "chatbot", "ai_studio")
KINDS = {
    "personal_qa_hallucination": "abstention",
    "preference_shift_followthrough": "change-of-mind",
    "hidden_persona_implicit_qa": "implicit",
    "chatbot_personalized_response": "preference",
}
"""By the owners' task; `over_personalization_…` are restraint, and others keep their name."""
RUBRIC = "It is more like the right reply than like the one that goes against it."
_ONLY_SEEN = "feed_visible"
_SHOWN = ("title", "caption", "text", "overall_description")
_Event = tuple[int, tuple[HistoryItem, ...], frozenset[str]]
_log = logging.getLogger(__name__)


def personamem3(paths: Sequence[Path], *, assistant: bool = False) -> Iterator[Example]:
    """Read PersonaMem 3's questions, person by person, each with what happened before it.

    Args:
        paths: The folder `backend`, or folders of people in it.
        assistant: Whether an assistant's words are in the history too, with the role `other`.

    Raises:
        DatasetError: A file is missing, wrong or cut short.
    """
    found = sorted((path for folder in paths for path in folder.glob("**/test.json")), key=str)
    if not found:
        raise DatasetError("there is no test.json; give PersonaMem 3's folder backend.")
    left_out = 0
    for path in found:
        events = sorted(_events(path.parent, assistant), key=lambda event: event[0])
        for place, asked in files.json_array(path):
            texts = [asked.get(name) for name in ("user_query", "example_response")]
            if all(isinstance(text, str) and text.strip() for text in texts):
                yield _example(place, asked, f"personamem3-{path.parent.name}", events)
            else:
                left_out += 1
    if left_out:
        _log.warning("%d questions that are not asked or answered in words are left out", left_out)


def _example(
    place: Place, asked: Mapping[str, Any], user: str, events: Sequence[_Event]
) -> Example:
    now = place.field(asked, "ts", int)
    task = place.text(asked, "task_type")
    kind = KINDS.get(task) or task.replace("over_personalization", "restraint").replace("_", "-")
    liked = asked.get("groundtruth_preference")
    before = [(items, shows) for time, items, shows in events if time < now]
    about: dict[str, Any] = {"kind": kind, "rubric": RUBRIC}
    if isinstance(liked, str) and liked.strip():
        about["preference"] = liked.strip()
        about["evidence"] = [
            item.id
            for items, shows in before
            for item in items
            if item.role == "user" and liked.strip().lower() in shows
        ]
    inferior, answer = asked.get("inferior_response"), place.text(asked, "example_response")
    if isinstance(inferior, str) and inferior.strip() not in ("", answer):
        about["violates"] = [inferior.strip()]
    answerable = kind != "abstention"
    return files.example(
        place,
        id=f"{user}-{place.number - 1}",
        user_id=user,
        task="dialogue",
        question=place.text(asked, "user_query"),
        reference=answer if answerable else "",
        answerable=answerable,
        history=tuple(item for items, _ in before for item in items),
        about=about if answerable else about | {"why": answer},
    )


def _events(folder: Path, assistant: bool) -> Iterator[_Event]:
    """Yield when something happened, as items, and what the owners inferred from it."""
    for app in APPS:
        path = folder / f"{app}.json"
        for place, event in files.json_array(path) if path.exists() else ():
            if event.get("source_interaction_type") == _ONLY_SEEN:
                continue
            time = place.field(event, "source_timestamp", int)
            shows = [
                preference
                for preference in place.optional(event, "preferences", list)
                if isinstance(preference, dict)
            ]
            inferred = {
                str(preference.get("persona_item") or "").lower() for preference in shows
            } - {""}
            yield time, tuple(_items(place, event, app, time, assistant)), frozenset(inferred)


def _items(
    place: Place, event: Mapping[str, Any], app: str, time: int, assistant: bool
) -> Iterator[HistoryItem]:
    id_ = f"{app}-{place.text(event, 'source_object_id')}"
    try:
        when = datetime.fromtimestamp(time, UTC)
    except (ValueError, OverflowError, OSError):
        raise place.error("the field 'source_timestamp' is no time") from None
    if event.get("conversation"):
        talk = event["conversation"]
        yield from said(place, talk, session=id_, time=when, assistant=assistant)
    elif isinstance(event.get("messages"), list):
        mine = [
            message | {"role": _role(message)}
            for message in event["messages"]
            if isinstance(message, dict)
        ]
        yield from said(place, mine, session=id_, time=when, content="text")
    elif text := _action_text(place, event):
        yield place.item(text, id=id_, source=app, time=when, kind="did")


def _role(message: Mapping[str, Any]) -> str:
    return "user" if message.get("sender") == "self" else "assistant"


def _action_text(place: Place, event: Mapping[str, Any]) -> str:
    """Return what somebody did with what, and what they wrote to it; empty if neither is given."""
    done, content = (place.optional(event, n, dict) for n in ("interaction_format", "content"))
    shown = next((str(content[name]) for name in _SHOWN if content.get(name)), "")
    tags = " ".join(str(tag) for tag in place.optional(event, "source_hashtags", list))
    parts = [done.get("action_label"), shown, tags, done.get("user_message")]
    return ": ".join(str(part).strip() for part in parts if part and str(part).strip())
