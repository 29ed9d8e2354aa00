"""What comes in (Question), what flows (State), and what goes out (Answer).

Everything here is plain data: it is checkpointed, traced and sent as JSON as it stands.
"""

from operator import add, or_
from typing import Annotated, Literal, TypedDict

from langchain_core.messages import AnyMessage
from langgraph.channels import EphemeralValue
from langgraph.graph.message import add_messages

from guided_profile.graph.answers import Abstained, AbstentionReason, Answered, ProfileUse
from guided_profile.graph.records import (
    Call,
    Draft,
    HeldBack,
    HistoryItem,
    MemoryAct,
    Profile,
    Record,
    Sentence,
    Standing,
)

__all__ = [
    "Abstained",
    "AbstentionReason",
    "Answer",
    "Answered",
    "ProfileUse",
    "Question",
    "Reply",
    "State",
]


class Reply(Record):
    """What the response stage got from the model."""

    text: str
    finish_reason: str = "stop"
    """`stop`, `length` if the token limit cut it off, or `refusal` if the model would not."""
    message_id: str | None = None
    """For text: the id of the message that it was streamed as; None: it was not."""
    probabilities: dict[str, float] | None = None
    """For a choice: each option's probability, from an average over rotations of their order."""
    on_options: float | None = None
    """For a choice: the share of the replies' weight that was on options at all."""
    answerable: float | None = None
    """For text: the probability that the prompt holds the answer, if the task asks for it."""
    answers: float | None = None
    """For text: the probability that the reply answers, if the task asks for it."""
    confidence: float | None = None
    """For text: the geometric mean of its tokens' probabilities; None if the endpoint has none."""
    saw: tuple[str, ...] | None = None
    """Ids of the recalled items in the prompt; None: all of them."""
    used: tuple[str, ...] = ()
    """The profile's sentences in the prompt."""
    held_back: tuple[HeldBack, ...] = ()
    """Those that were not, and why."""


RepliesTo = Literal["", "clarify", "welcome", "confirm"]
"""A stage that asks the user something; empty: none."""


class Question(TypedDict, total=False):
    """What comes in: a question, or messages whose last human one is the question."""

    question: Annotated[str, EphemeralValue]
    """Of this run alone: one that was refused must not come again in the thread's next run."""
    options: Annotated[list[str], EphemeralValue]
    """What to choose among, for a task of kind `choice`: 2 to 26."""
    messages: Annotated[list[AnyMessage], add_messages]


class State(Question, total=False):
    """What flows between the stages."""

    user_id: str
    """Whose run it is, so that their threads can be found and deleted; never read by a stage."""
    refusal: str
    """What is wrong with the question or its options; empty: nothing."""
    text: str
    """The question of this run, taken from `question` or from the last message."""
    choices: list[str]
    """The options of this run; empty for a task of kind `text`."""
    waits: str
    """The id of the message in which the user was asked something that the thread waits for, which
    begins with the name of the stage that asks; empty: it waits for nothing."""
    task: str
    """The task of the run that asked."""
    replies_to: RepliesTo
    """The stage whose question the run's last message replies to, as in a chat, where a reply
    begins a run; empty: it is a question of its own, or the run was resumed."""
    memory: MemoryAct | None
    """What the user asked of what is kept about them, and what came of it; None: nothing."""
    besides: bool
    """Whether a message that waits for the user's word on a deletion asks something else too."""
    tries: int
    """Retries so far; 0 on the first attempt."""
    clarification: str
    """What the user answered to the clarifying question; empty if none was asked."""
    flagged: list[str]
    """Ids of the items that were found and left out, since they give the model orders."""
    recalled: list[HistoryItem]
    """The items that the response may see, in order of time."""
    on_topic: bool
    """Whether any item is about the question, or about any of the options."""
    material: list[list[HistoryItem]]
    """The items that the profile is made from, in the parts that are digested side by side; for
    a revision, the new ones."""
    covered: list[str]
    """Ids of all the items that the profile will stand for."""
    made_with: str
    """Digest of what a profile is made with, beside the items."""
    standing: Standing | None
    """The profile that a revision starts from; also the last one, whose version goes on."""
    building: bool
    """Whether this run makes the profile that will stand: runs beside it wait, or use the last."""
    profile_use: ProfileUse
    welcomed: int
    """How many questions the user was asked, having too little history."""
    parts: Annotated[dict[int, str], or_]
    """The reply to the guiding question for each part of the material."""
    guidance: str
    draft: list[Draft]
    """The profile's sentences as they were written, until they are verified."""
    judged: list[Sentence]
    """The sentences of a first draft, verified, while a second one is written; else empty."""
    profile: Profile | None
    reply: Reply
    missed: list[str]
    """What the earlier reply does not keep, in words for the model that is to write a better one;
    empty: nothing, or nobody has looked."""
    earlier: Reply | None
    """The reply that this one is to be better than; the better of the two is the answer."""
    abstention: AbstentionReason | None
    """What the review found in the reply; None if it is an answer."""
    answer: Answered | Abstained | None
    calls: Annotated[list[Call], add]


class Answer(TypedDict):
    """What goes out."""

    answer: Answered | Abstained
    flagged: list[str]
    """Ids of the items that were found and left out, since they give the model orders."""
    messages: Annotated[list[AnyMessage], add_messages]
