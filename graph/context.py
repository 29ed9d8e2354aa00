"""Who asks, for which task, and within which bounds: fixed for one run."""

import reprlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, make_dataclass
from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import ConfigDict, Field, GetJsonSchemaHandler, TypeAdapter, ValidationError
from pydantic_core import CoreSchema

from guided_profile.graph.errors import QuestionError
from guided_profile.graph.records import Record

Sight = Literal["personal_context", "guidance", "profile"]
"""What a response may see: the history items (PC), the guidance (G), the profile (PP)."""

Measured = Literal["off", "measure", "require"]
"""Whether the worth of profiles is measured, and whether it decides about their use."""


PROMPTS = {
    "guiding_question": "digest",
    "profile_instruction": "profile",
    "response_instruction": "respond",
}
"""The texts of a task that a run may bring instead, and the stage that each is for."""


def _prompt_of(stage: str) -> Any:
    """Return what has Studio show a field as a prompt that is edited on its node."""
    return Field(json_schema_extra={"langgraph_nodes": [stage], "langgraph_type": "prompt"})


class Recall(Record):
    """How history items are ranked for a question; each part can be switched off."""

    dense: bool = Field(
        default=True,
        description="By meaning: the cosine of their vectors and the question's.",
    )
    bm25: bool = Field(
        default=True,
        description="By words: names and numbers that a vector blurs. With `dense`, the two "
        "are added; with neither, the newest items come first.",
    )
    half_life_days: float | None = Field(
        default=None,
        gt=0.0,
        le=100_000.0,
        description="Weighs age: an item so much older than the newest has lost half of what age "
        "can take, which is half of its score. None: it takes nothing.",
    )
    most_alike: float | None = Field(
        default=0.95,
        gt=0.0,
        le=1.0,
        description="An item whose cosine with a better one is at least this comes after all "
        "others, so that near-duplicates do not crowd them out; the newest of them comes right "
        "after the better one. None: they stay where they are.",
    )

    @property
    def needs_vectors(self) -> bool:
        """Whether the items' vectors are looked at."""
        return self.dense or self.most_alike is not None


@dataclass(frozen=True, kw_only=True, slots=True)
class Context:
    """Who asks, for which task, and within which bounds."""

    __pydantic_config__: ClassVar = ConfigDict(use_attribute_docstrings=True)

    user_id: str
    """Whose history is read. From the authenticated caller, never from a model or a message."""

    task: str = "dialogue"
    """The name of a task: preference, paraphrase, dialogue, assistant, or one of your own."""

    max_retries: int = 2
    """How often an abstention is retried before it stands, at most 10 times."""

    recall_tokens: int = 1500
    """About how many tokens of history a response may see: 35 short items, or 5 long posts. Each
    retry doubles it, up to `context_tokens`. At most 1,000,000."""

    recall: Recall | None = None
    """How the items are ranked, instead of what the task says."""

    profile_items: int = 1000
    """How many history items, the newest, a profile is made from, at most 10,000."""

    context_tokens: int = 3200
    """About how many tokens of history one prompt may hold; more is cut into parts. What the
    guiding question finds in all of them has as much room again. 100 to 1,000,000."""

    sees: tuple[Sight, ...] | None = None
    """What the response sees, instead of what the task says; () is an answer without history."""

    guided: bool | None = None
    """Whether the profile is written from guidance, instead of what the task says."""

    joined: bool | None = None
    """False: the task's guiding question is asked of all of the history, instead of a question of
    its own of each source, with the replies joined."""

    debiased: bool | None = None
    """Whether a choice is asked for in two or more orders of its options, instead of what the task
    says."""

    grounded: bool | None = None
    """False: the model alone decides what to choose, and whether the history says it; the
    task's `grounding` and `off_topic_floor` do nothing."""

    supported_only: bool | None = None
    """Whether the response sees only the profile sentences with evidence, instead of what the task
    says."""

    restraint: bool | None = None
    """Whether the response sees only what bears on the question, instead of what the task says."""

    memory_requests: bool | None = None
    """Whether what the user says about what is kept of them is done, instead of what the task
    says."""

    worth: Measured | None = None
    """Whether the profile's worth is measured, instead of what the task says: `off`, `measure` or
    `require`."""

    guiding_question: Annotated[str | None, _prompt_of("digest")] = None
    """What is asked of the whole history, instead of what the task asks; at most 4096 characters.
    Where authentication is on, for the admin scope alone, as are the next two."""

    profile_instruction: Annotated[str | None, _prompt_of("profile")] = None
    """How the profile is to be written, instead of what the task says."""

    response_instruction: Annotated[str | None, _prompt_of("respond")] = None
    """How to answer, instead of what the task says; `{question}` stands for the question."""

    def __post_init__(self) -> None:
        """Refuse what no run could work with, saying what to set."""
        user_id: Any = self.user_id
        task: Any = self.task
        if not isinstance(user_id, str) or not 0 < len(user_id.strip()) <= len(user_id) <= _LONGEST:
            raise QuestionError(
                f"user_id is {reprlib.repr(user_id)}; set it to the id of the user who asks, of at "
                f"most {_LONGEST} characters."
            )
        if not isinstance(task, str):
            raise QuestionError(f"task is {reprlib.repr(task)}; set it to the name of a task.")
        for name, (least, most) in _BOUNDS.items():
            value: Any = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
                raise QuestionError(
                    f"{name} is {reprlib.repr(value)}; set it to a number from {least} to {most}."
                )
        for name in _SWITCHES:
            if (value := getattr(self, name)) is not None and not isinstance(value, bool):
                raise QuestionError(
                    f"{name} is {reprlib.repr(value)}; set it to true or false, or leave it out."
                )
        if self.worth is not None and self.worth not in get_args(Measured):
            raise QuestionError(
                f"worth is {reprlib.repr(self.worth)}; set it to off, measure or require, or leave "
                "it out."
            )
        _check_texts({name: getattr(self, name) for name in PROMPTS})
        if self.sees is not None:  # JSON brings a list
            object.__setattr__(self, "sees", _sights(self.sees))
        if self.recall is not None and not isinstance(self.recall, Recall):  # JSON's own
            object.__setattr__(self, "recall", _recall_of(self.recall))


_SIGHTS = ("personal_context", "guidance", "profile")
_SWITCHES = (
    "restraint",
    "guided",
    "joined",
    "debiased",
    "grounded",
    "supported_only",
    "memory_requests",
)
_LONGEST = 4096
_BOUNDS = {
    "max_retries": (0, 10),
    "recall_tokens": (1, 1_000_000),
    "profile_items": (1, 10_000),
    "context_tokens": (100, 1_000_000),
}
"""From and to which number a field may go: a caller may be somebody else than who pays."""


def _check_texts(texts: Mapping[str, Any]) -> None:
    for name, text in texts.items():
        fits = isinstance(text, str) and 0 < len(text.strip()) <= len(text) <= _LONGEST
        if text is not None and not fits:
            raise QuestionError(
                f"{name} is {reprlib.repr(text)}; set it to a text of at most {_LONGEST} "
                "characters, or leave it out."
            )


def _sights(given: Any) -> tuple[Sight, ...]:
    named = given if isinstance(given, list | tuple) else [None]
    if any(sight not in _SIGHTS for sight in named) or len(set(named)) < len(named):
        raise QuestionError(
            f"sees names {reprlib.repr(given)}; it may name {', '.join(_SIGHTS)}, each once, or "
            "nothing."
        )
    return tuple(named)


def _recall_of(fields: object) -> Recall:
    try:
        return Recall.model_validate(fields)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = ".".join(["recall", *map(str, first["loc"])])
        known = ", ".join(Recall.model_fields)
        raise QuestionError(f"{name}: {first['msg']}; recall may have {known}.") from None


def context_of(
    task: str, prompts: Mapping[str, str] | None = None, user_id: str | None = None
) -> type[Context]:
    """Return the context of a task's own assistant: `Context`, but with this task if none is named.

    Its JSON Schema describes the fields as that of `Context` does.

    Args:
        task: The task's name.
        prompts: What the task says in the fields of `PROMPTS`, to be shown as their defaults.
        user_id: Whose history is read where a run names no user; None: each has to name one.
    """

    def schema(cls: type, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        made = handler(core)
        described = TypeAdapter(Context).json_schema()["properties"]
        for name, about in handler.resolve_ref_schema(made)["properties"].items():
            about["description"] = described[name]["description"]
            if name in (prompts or {}):
                about["default"] = (prompts or {})[name]
        return made

    defaults: list[tuple[str, type, Any]] = [("task", str, field(default=task))]
    if user_id is not None:
        defaults.append(("user_id", str, field(default=user_id)))
    return make_dataclass(
        "Context",
        defaults,
        bases=(Context,),
        namespace={"__get_pydantic_json_schema__": classmethod(schema)},
        frozen=True,
        kw_only=True,
        slots=True,
    )


def require(context: Context | None) -> Context:
    """Return the run's context, or say how to hand it in.

    Raises:
        QuestionError: It was left out.
    """
    if context is None:
        names = ", ".join(field.name for field in fields(Context))
        raise QuestionError(
            "the run has no context; call the graph with context=Context(user_id=…, task=…) "
            f"(fields: {names})."
        )
    return context
