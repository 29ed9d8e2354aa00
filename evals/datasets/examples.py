"""An example: one person's history, one question, and what that person would answer."""

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from guided_profile.graph.records import HistoryItem, Record

Kind = Literal["choice", "text"]


class Example(Record):
    """What a method is asked, and what its answer is held against."""

    id: str
    """Unique within its data set, and the same every time the set is built."""
    user_id: str
    task: str
    """The task that it is made for, as `preference`."""
    question: str
    options: tuple[str, ...] = ()
    """Two or more for a choice; none for a text."""
    reference: str = ""
    """The option, or the text, that this person gave; empty if it is not answerable."""
    answerable: bool = True
    """Whether the history holds what an answer takes; if not, to abstain is right."""
    history: tuple[HistoryItem, ...] = ()
    """What the person did before, in order of time."""
    about: dict[str, Any] = Field(default_factory=dict)
    """What the data set knows besides, as the kind of question; never shown to a method."""
    history_id: str = Field(default="", exclude=True)
    """What the history stands under while it is asked, where several examples share it."""

    @property
    def held_under(self) -> str:
        """What the history stands under in the store."""
        return self.history_id or self.id

    @property
    def kind(self) -> Kind:
        """Whether an option is chosen or a text is written."""
        return "choice" if self.options else "text"

    @model_validator(mode="after")
    def _reference_fits(self) -> Self:
        if self.answerable and not self.reference:
            raise ValueError("reference: is empty; give it, or set answerable to false")
        if self.options and self.answerable and self.reference not in self.options:
            raise ValueError("reference: is none of the options")
        if len(set(self.options)) != len(self.options) or len(self.options) == 1:
            raise ValueError("options: give two or more different ones, or none")
        return self
