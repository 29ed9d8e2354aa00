"""Who asks, for which task, and within which bounds: fixed for one run."""

from dataclasses import dataclass, field, fields, make_dataclass
from typing import Any, ClassVar, Literal

from pydantic import ConfigDict, Field, GetJsonSchemaHandler, TypeAdapter, ValidationError
from pydantic_core import CoreSchema

from guided_profile.graph.errors import QuestionError
from guided_profile.graph.records import Record

Sight = Literal["personal_context", "guidance", "profile"]
"""What a response may see: the history items (PC), the guidance (G), the profile (PP)."""


class Recall(Record):
    """How history items are ranked for a question; each part can be switched off."""

    dense: bool = Field(
        default=True,
        description="By meaning: the cosine of their vectors and the question's.",
    )
    bm25: bool = Field(
        default=True,
        description="By words: names and numbers that a vector blurs. With `dense`, the two are "
        "fused by rank; with neither, the newest items come first.",
    )
    half_life_days: float | None = Field(
        default=None,
        gt=0.0,
        description="Weighs age: an item so much older than the newest has lost half of what age "
        "can take, which is half of its score. None: the order of time does not matter.",
    )
    most_alike: float | None = Field(
        default=0.95,
        gt=0.0,
        le=1.0,
        description="An item whose cosine with a better one is at least this comes after all "
        "others, so that near-duplicates do not crowd them out. None: they stay where they are.",
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
    """How often an abstention is retried before it stands."""

    recall_tokens: int = 1500
    """About how many tokens of history a response may see: 35 short items, or 5 long posts. Each
    retry doubles it, up to `context_tokens`."""

    recall: Recall | None = None
    """How the items are ranked, instead of what the task says."""

    profile_items: int = 1000
    """How many history items, the newest, a profile is made from."""

    context_tokens: int = 3200
    """About how many tokens of history one prompt may hold; more is cut into parts. What the
    guiding question finds in all of them has as much room again."""

    sees: tuple[Sight, ...] | None = None
    """What the response sees, instead of what the task says; () is an answer without history."""

    guided: bool | None = None
    """Whether the profile is written from guidance, instead of what the task says."""

    joined: bool | None = None
    """False: the sources are not asked each its own guiding question and joined, but all of the
    history is asked the task's one."""

    debiased: bool | None = None
    """Whether a choice is asked for in several orders of its options, instead of what the task
    says."""

    grounded: bool | None = None
    """False: it is left to the model alone what to choose, and whether the history tells it; the
    task's `grounding` and `off_topic_floor` do nothing."""

    supported_only: bool | None = None
    """Whether the response sees only the profile sentences with evidence, instead of what the task
    says."""

    def __post_init__(self) -> None:
        """Refuse what no run could work with, saying what to set."""
        if not isinstance(self.user_id, str) or not self.user_id.strip():
            raise QuestionError(
                f"user_id is {self.user_id!r}; set it to the id of the user who asks."
            )
        for name, least in _LEAST.items():
            value: Any = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise QuestionError(f"{name} is {value!r}; set it to a number of at least {least}.")
        if self.sees is not None:  # JSON brings a list
            object.__setattr__(self, "sees", tuple(self.sees))
        if self.recall is not None and not isinstance(self.recall, Recall):  # JSON's own
            object.__setattr__(self, "recall", _recall_of(self.recall))
        for sight in self.sees or ():
            if sight not in _SIGHTS:
                raise QuestionError(
                    f"sees names {sight!r}; it may name {', '.join(_SIGHTS)}, or nothing."
                )


_SIGHTS = ("personal_context", "guidance", "profile")
_LEAST = {"max_retries": 0, "recall_tokens": 1, "profile_items": 1, "context_tokens": 100}


def _recall_of(fields: object) -> Recall:
    try:
        return Recall.model_validate(fields)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = ".".join(["recall", *map(str, first["loc"])])
        known = ", ".join(Recall.model_fields)
        raise QuestionError(f"{name}: {first['msg']}; recall may have {known}.") from None


def context_of(task: str) -> type[Context]:
    """Return the context of a task's own assistant: `Context`, but with this task if none is named.

    Its JSON Schema describes the fields as that of `Context` does.
    """

    def schema(cls: type, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        made = handler(core)
        described = TypeAdapter(Context).json_schema()["properties"]
        for name, about in handler.resolve_ref_schema(made)["properties"].items():
            about["description"] = described[name]["description"]
        return made

    return make_dataclass(
        "Context",
        [("task", str, field(default=task))],
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
