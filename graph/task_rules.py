"""What a task is made of: templates, when it abstains, how long a profile stays fresh, limits."""

from collections.abc import Mapping
from string import Formatter
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from guided_profile.graph.records import Record


def checked_template(template: str, known: frozenset[str] = frozenset({"question"})) -> str:
    """Return an instruction, stripped, if its only variables are the known ones."""
    try:
        parsed = [part for part in Formatter().parse(template) if part[1] is not None]
    except ValueError as error:
        raise ValueError(f"{error}; write a literal brace twice") from error
    names = {str(name) for _, name, _, _ in parsed}
    if names - known:
        there = " and ".join(f"{{{name}}}" for name in sorted(known))
        only = "the only variable is" if len(known) == 1 else "the variables are"
        raise ValueError(
            f"uses {{{sorted(names - known)[0]}}}; {only} {there} (write a literal brace twice)"
        )
    if any(form or conversion for _, _, form, conversion in parsed):
        raise ValueError("formats a variable; write its name alone between the braces")
    return template.strip()


def _checked_reply(template: str) -> str:
    return checked_template(template, frozenset({"question", "reply"}))


Template = Annotated[str, Field(min_length=1), AfterValidator(checked_template)]
ReplyCheck = Annotated[str, Field(min_length=1), AfterValidator(_checked_reply)]


class Abstention(Record):
    """How a task tells an abstention from an answer, and what it does about one."""

    policy: Literal["retry", "accept", "ask"] = "retry"
    """`retry` with wider recall, `accept` it at once, or `ask` the user one clarifying question."""
    phrases: tuple[str, ...] = ()
    """A reply that holds one of these, in any case, is an abstention, unless the question holds
    it too. The paper's own rule is the one word `sorry` (section 6.2); words of comfort, such as
    "sorry to hear that", are left out of account."""
    floor: float = Field(default=0.0, ge=0.0, le=26.0)
    """For a choice: a winning probability below this many times chance (1 / number of options) is
    an abstention."""
    answerable: Template | None = None
    """For a text: a question with `{question}` in it, to be answered with Yes or No, that is asked
    before the response: whether what the response sees holds the answer. A model that would
    rather invent than decline still gives a useful probability of Yes."""
    answerable_floor: float = Field(default=0.4, gt=0.0, lt=1.0)
    """A probability of Yes below this is an abstention; ignored where there are no logprobs."""
    declined: ReplyCheck | None = None
    """For a text: a question with `{question}` and `{reply}` in it, to be answered with Yes or No,
    that is asked of the reply: whether it answers. It finds a refusal in any language, at the price
    of one short call. Ignored where there are no logprobs."""
    declined_floor: float = Field(default=0.35, gt=0.0, lt=1.0)
    """A probability of Yes below this is an abstention."""
    off_topic_floor: float | None = Field(default=None, gt=0.0, le=26.0)
    """Takes the place of `answerable_floor`, or of a choice's `floor`, where no item of the history
    is about the question or an option; there, an abstention is not retried. None: nobody looks."""
    clarifying_question: str = (
        "Your history does not tell me enough to answer that. What should I know about you?"
    )

    @model_validator(mode="before")
    @classmethod
    def _knows_the_new_name(cls, given: object) -> object:
        if isinstance(given, Mapping) and "untouched_floor" in given:
            raise ValueError("untouched_floor is named off_topic_floor now; rename it")
        return given


class Freshness(Record):
    """When a standing profile is revised, and when it is built anew; checked before an answer."""

    new_items: int = Field(default=100, ge=1)
    """Revised once so many items are new or, while it is young, as many as it covers. The response
    sees new items all the same, if they bear on the question: they are recalled."""
    days: float = Field(default=7.0, gt=0.0, le=100_000.0)
    """At this age, a tenth of that is enough."""
    rebuild_every: int = Field(default=20, ge=0)
    """Built from the whole history after so many revisions; 0: always built, never revised."""


class ColdStart(Record):
    """What happens while there is too little history for a profile."""

    items: int = Field(default=2, ge=1)
    """The least items that a profile is made from."""
    questions: tuple[str, ...] = Field(default=(), max_length=2)
    """Asked of a user with fewer items, one by one, before the answer; the replies become
    history. They need a checkpointer."""


class TokenLimits(Record):
    """The most new tokens that each stage may write (the paper: 100, section 5)."""

    digest: int = Field(default=100, ge=1, le=4000)
    profile: int = Field(default=100, ge=1, le=4000)
    response: int = Field(default=100, ge=1, le=4000)
