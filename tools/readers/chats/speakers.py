"""Who speaks in a text of a chat, where its labels show it: a model, and the user."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from guided_profile.tools.readers.chats.roles import is_model, is_own
from guided_profile.tools.readers.chats.turns import Form, Head, heads_of, is_spoken


@dataclass(frozen=True, slots=True)
class Speakers:
    """Who speaks in a chat with a model, or in one whose exporter calls its user `Me` or `You`."""

    labels: frozenset[str] | None
    """The labels, in small letters, that begin turns; None: all do."""
    own: str | None
    """The label of the user; None: it does not say."""

    def begins(self, head: Head) -> bool:
        """Whether a line begins a turn, and no list or note in one."""
        return self.labels is None or head.label.casefold() in self.labels


def speakers_of(form: Form, lines: Sequence[str]) -> Speakers:
    """Return who speaks in a chat of a form, by its first lines."""
    heads = [head for line in lines if (head := heads_of(line).get(form))]
    labels = Counter(head.label.casefold() for head in heads)
    if form == "below":
        labels = Counter(
            name.strip().casefold() for line, name in pairwise(lines) if form in heads_of(line)
        )
    owners = [label for label in labels if is_own(label)]
    if form != "label":
        return Speakers(None, owners[0] if len(owners) == 1 else None)
    models = [label for label in labels if is_model(label)]
    if not is_spoken(heads):
        return Speakers(None, None)
    if not models or len(labels) < 2:
        return Speakers(None, owners[0] if len(owners) == 1 and len(labels) > 1 else None)
    dresses = {head.dress for head in heads if head.label.casefold() in (*owners, *models)}
    first = heads[0].label.casefold()
    if len(owners) > 1:  # of what stands above the chat, one may be called so too
        dressed = {head.dress for head in heads if head.label.casefold() in models}
        alike = {head.label.casefold() for head in heads if head.dress in dressed}
        owners = [label for label in owners if label in alike] or owners
    turns = {*owners, *models} | {
        label
        for head in heads
        if head.dress in dresses
        and ((label := head.label.casefold()) == first or labels[label] > 1)
        and not owners
    }
    others = [label for label in labels if label in turns and label not in models]
    return Speakers(frozenset(turns), others[0] if len(others) == 1 else None)
