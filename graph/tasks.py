"""A task: what is asked of a history, what becomes of it, and what a response may see of it.

Tasks are YAML files, one a task. The built-in ones stand in `builtin_tasks/`; `load_task` reads
your own. Section 5.2 of the paper has the guidance that the built-in ones follow.
"""

import hashlib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Literal

import yaml
from pydantic import Field, PrivateAttr, ValidationError, field_validator, model_validator

from guided_profile.graph.context import PROMPTS, Context, Measured, Recall, Sight
from guided_profile.graph.errors import QuestionError, TaskError
from guided_profile.graph.records import HistoryItem, Profile, Record, Sentence
from guided_profile.graph.task_rules import (
    Abstention,
    ColdStart,
    Freshness,
    Template,
    TokenLimits,
    checked_template,
)
from guided_profile.graph.text import encodable

BUILTIN = ("preference", "paraphrase", "dialogue", "assistant")


class Task(Record):
    """A guiding question and what is done with its answer."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,40}$")
    version: int = Field(default=1, ge=1)
    """Raise it when an instruction changes: profiles of an older version are made anew."""
    description: str = Field(min_length=1)
    kind: Literal["choice", "text"]
    """`choice`: pick one of the question's options. `text`: write."""
    guiding_question: Template
    """Asked over the personal context; its reply is the guidance (G)."""
    sources: dict[str, Template] = Field(default_factory=dict)
    """A guiding question of its own for a source (`purchases`, `posts`, `chat`, …), or for all
    sources that tell what the user did (`did`) or hold what they said (`said`); all other items
    are asked `guiding_question`."""
    profile_instruction: Template
    response_instruction: Template
    """May use `{question}`; without it, the question follows on a line of its own."""
    guided: bool = True
    """False: the profile is written without guidance (the paper's PG)."""
    sees: tuple[Sight, ...] = ("personal_context", "profile")
    """What the response sees; the rows of the paper's Table 3 are settings of this."""
    parts: Literal["size", "source"] = "size"
    """How a history over the token budget is cut: into chunks by size, or by source first."""
    recall: Recall = Recall()
    """How the items that the response sees are ranked for the question."""
    evidence: Literal["topic", "style"] = "topic"
    """What ties a profile sentence to items: what both are about, or the habits of writing that
    the sentence names and the items show."""
    verifier: str | None = None
    """Which of the verifiers given to `build_graph` judges the sentences; None: the default one."""
    debiased: bool = True
    """For a choice: the options are asked for in several orders, so that none decides: two, and up
    to four more where these leave doubt. False: once, in the order given, which is cheaper."""
    grounding: float = Field(default=0.0, ge=0.0, le=100.0)
    """For a choice: how much the history itself says beside the model. The logarithm of an option's
    probability, times what the model's letters count for (`Calibration.letters`), is raised by this
    times how near the nearest item is to it, from 0 for one that is not about it to 1.2 (see
    `tools.evidence.nearness`); 0: the model alone decides."""
    grounding_by: Literal["done", "newest"] = "done"
    """For a choice: what of the history `grounding` goes by. `done`: what the person did. `newest`,
    for options that are statements about the person: what they said too, and of the two statements
    that are nearest to the history the one whose item is older loses half, since the newer may
    have taken its place."""
    candidates: int = Field(default=1, ge=1, le=8)
    """For a text in the person's style (`evidence: style`): how many answers are asked for at once,
    of which the one is taken that keeps the meaning and is nearest to how the person writes."""
    supported_only: bool = True
    """False: the response also sees profile sentences that nothing in the history supports."""
    restraint: bool = True
    """Whether the response sees only the profile sentences that bear on the question; False: all of
    them. It does nothing where `evidence` is `style`, or the task chooses."""
    worth: Measured = "off"
    """Whether a profile's worth is measured on the person's own past when it is made (`measure`),
    and a profile that was not measured to be of use is left out of the response (`require`), but
    for what the user pinned, and what every answer has to keep to."""
    memory_requests: bool = True
    """Whether what the user says about what is kept ("forget that") is done. Never where the task
    chooses; to be left out where the question is a text to work on."""
    abstention: Abstention = Abstention()
    freshness: Freshness = Freshness()
    cold_start: ColdStart = ColdStart()
    max_tokens: TokenLimits = TokenLimits()
    temperature: float = Field(default=0.0, ge=0.0, le=2.0)
    _own_texts: str = PrivateAttr("")

    @field_validator("worth", mode="before")
    @classmethod
    def _off_is_no_boolean(cls, given: object) -> object:
        return "off" if given is False else given  # as YAML reads `worth: off`

    @model_validator(mode="after")
    def _fits_its_kind(self) -> "Task":
        if self.kind == "text" and self.abstention.floor:
            raise ValueError("abstention.floor is for tasks of kind 'choice'; leave it out")
        if self.kind == "text" and self.grounding:
            raise ValueError("grounding is for tasks of kind 'choice'; leave it out")
        if self.grounding_by != "done" and not self.grounding:
            raise ValueError("grounding_by does nothing without grounding; set that above 0")
        if self.kind == "text" and (self.abstention.off_topic_floor or 0.0) >= 1.0:
            raise ValueError("abstention.off_topic_floor is a probability here; set it below 1")
        if self.kind == "choice" and self.abstention.declined:
            raise ValueError("abstention.declined is for tasks of kind 'text'; leave it out")
        if self.kind == "choice" and self.abstention.answerable:
            raise ValueError("abstention.answerable is for tasks of kind 'text'; leave it out")
        if self.candidates > 1 and (self.kind, self.evidence) != ("text", "style"):
            raise ValueError("candidates is for texts whose evidence is 'style'; leave it out")
        if len(set(self.sees)) != len(self.sees):
            raise ValueError("sees names something twice")
        return self

    @property
    def needs_profile(self) -> bool:
        """Whether the response sees a profile, so that one has to be there."""
        return "profile" in self.sees

    @property
    def needs_guidance(self) -> bool:
        """Whether the guiding question has to be asked: for the response or for the profile."""
        return "guidance" in self.sees or (self.needs_profile and self.guided)

    @property
    def obeys_requests(self) -> bool:
        """Whether what the user says about what is kept is done."""
        return self.memory_requests and self.kind == "text"

    @property
    def restrains(self) -> bool:
        """Whether the response sees only the profile sentences that bear on the question."""
        return self.restraint and self.kind == "text" and self.evidence == "topic"

    @property
    def recipe(self) -> str:
        """All of the task that a profile depends on: one made with another recipe is stale."""
        return self.model_dump_json(
            exclude={
                "description",
                "kind",
                "response_instruction",
                "sees",
                "recall",
                "debiased",
                "grounding",
                "grounding_by",
                "candidates",
                "supported_only",
                "restraint",
                "worth",
                "memory_requests",
                "abstention",
                "freshness",
                "cold_start",
            }
        )

    def question_of(self, item: HistoryItem) -> str:
        """Return the guiding question that an item is asked: its source's, or its kind's."""
        own = self.sources.get(item.source) or self.sources.get(item.kind)
        return own or self.guiding_question

    def floor(self, on_topic: bool) -> float:
        """Return the least probability, of a Yes or (in multiples of chance) of the best option."""
        rule = self.abstention
        if not on_topic and rule.off_topic_floor is not None:
            return rule.off_topic_floor
        return rule.floor if self.kind == "choice" else rule.answerable_floor

    def shown(self, profile: Profile | None) -> tuple[Sentence, ...]:
        """Return the sentences of a profile that the response may see."""
        if profile is None:
            return ()
        shown = profile.supported if self.supported_only else profile.sentences
        unproven = self.unproven(profile)
        return tuple(each for each in shown if each not in unproven) if unproven else shown

    def unproven(self, profile: Profile | None) -> tuple[Sentence, ...]:
        """Return the sentences that are left out since the profile was not measured to be of use.

        What the user pinned is not among them, nor what every answer has to keep to.
        """
        if self.worth != "require" or profile is None or (profile.worth and profile.worth.helps):
            return ()
        return tuple(each for each in profile.sentences if not each.pinned and each.use != "always")

    def with_switches(self, context: Context) -> "Task":
        """Return this task with the switches that the context sets."""
        names = (
            "restraint",
            "sees",
            "guided",
            "recall",
            "debiased",
            "supported_only",
            "worth",
            "memory_requests",
        )
        given = {name: getattr(context, name) for name in names}
        update = {name: value for name, value in given.items() if value is not None}
        if context.grounded is False:
            update["grounding"] = 0.0
            silent = {"off_topic_floor": None}
            update["abstention"] = self.abstention.model_copy(update=silent)
        if context.joined is False:
            update["sources"] = {}
        brought = self._prompts_of(context)
        update |= brought
        if "guiding_question" in brought:  # the sources' own would be asked in its place
            update["sources"] = {}
        switched = self.model_copy(update=update) if update else self
        if own := [text for name, text in brought.items() if name != "response_instruction"]:
            switched._own_texts = hashlib.sha256("\0".join(own).encode()).hexdigest()[:12]
        return switched

    @property
    def own_texts(self) -> str:
        """A digest of the texts that the run brought to make a profile with; empty: none."""
        return self._own_texts

    @property
    def prompts(self) -> dict[str, str]:
        """The texts that a run may bring instead, by the names of the context's fields."""
        return {name: getattr(self, name) for name in PROMPTS}

    def _prompts_of(self, context: Context) -> dict[str, str]:
        """Return the texts that the context brings, where they are others than the task's.

        Raises:
            QuestionError: One is no template.
        """
        brought: dict[str, str] = {}
        for name, own in self.prompts.items():
            given = getattr(context, name)
            if given is None or given.strip() == own:
                continue
            try:
                brought[name] = checked_template(encodable(given.strip()))
            except ValueError as error:
                raise QuestionError(f"{name}: {error}.") from None
        return brought


_OF_VALUES = (ValueError, RecursionError, AttributeError, LookupError)
"""What PyYAML raises of values that are none of the type that they name, as `!!int ''`."""
_LONGEST_REASON = 400


def load_task(path: str | Path) -> Task:
    """Read a task from its YAML file.

    Raises:
        TaskError: The file cannot be read, or a field of it is wrong; the message names the field.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        if not isinstance(error, OSError | UnicodeDecodeError):
            reason = "a path holds no NUL"
        raise TaskError(
            f"the task file {str(path)!r} cannot be read ({reason}); give the path of a YAML file "
            "in UTF-8."
        ) from error
    return parse_task(text, where=str(path))


def parse_task(text: str, *, where: str) -> Task:
    """Read a task from YAML text; `where` names it in errors."""
    try:
        data = yaml.safe_load(text)
    except (yaml.YAMLError, *_OF_VALUES) as error:
        said = str(error) if isinstance(error, yaml.YAMLError | ValueError | RecursionError) else ""
        reason = _line(said) or "a value is not what its tag says"
        raise TaskError(f"the task file {where!r} is not YAML: {reason}.") from error
    if not isinstance(data, dict):
        raise TaskError(
            f"the task file {where!r} holds no fields such as `name: titles`; see those of the "
            "built-in tasks with `guided-profile tasks --json`."
        )
    try:
        return Task.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        field = _line(".".join(map(str, first["loc"]))) or "task"
        reason = _line(first["msg"].removeprefix("Value error, "))
        more = f" ({error.error_count() - 1} more)" if error.error_count() > 1 else ""
        raise TaskError(f"the task file {where!r}: {field}: {reason}{more}.") from error


def _line(text: str) -> str:
    """Return what a file says wrong as the part of a line: nothing that a terminal would obey."""
    words = " ".join(text.split())
    marked = "".join(mark if mark.isprintable() else ascii(mark)[1:-1] for mark in words)
    return marked if len(marked) <= _LONGEST_REASON else f"{marked[:_LONGEST_REASON]}…"


def builtin_tasks() -> dict[str, Task]:
    """Return the tasks that come with the package, by name."""
    return by_name(_read_builtin())


@cache
def _read_builtin() -> tuple[Task, ...]:
    """Read them once: every workflow has them, and YAML is slow."""
    folder = files("guided_profile.graph") / "builtin_tasks"
    return tuple(
        parse_task((folder / f"{name}.yaml").read_text(encoding="utf-8"), where=f"{name}.yaml")
        for name in BUILTIN
    )


def by_name(tasks: Iterable[Task]) -> dict[str, Task]:
    """Key tasks by name.

    Raises:
        TaskError: Two have the same name.
    """
    named: dict[str, Task] = {}
    for task in tasks:
        if not isinstance(task, Task):
            raise TaskError(f"{task!r} is no task; read one from its file with load_task(path).")
        if task.name in named:
            raise TaskError(f"two tasks are named {task.name!r}; give one of them another name.")
        named[task.name] = task
    return named


def find_task(tasks: Mapping[str, Task], name: str) -> Task:
    """Return the task of that name.

    Raises:
        TaskError: There is none.
    """
    if name not in tasks:
        raise TaskError(f"no task is named {name!r}; there are {', '.join(sorted(tasks))}.")
    return tasks[name]
