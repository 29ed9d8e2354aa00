"""People who buy cat toys, and a model that sees it."""

from asked import digests, writes_profile

from guided_profile.evals.datasets.examples import Example
from guided_profile.graph.records import HistoryItem

GUIDANCE = "GUIDANCE cat toys, kettles"
PROFILE = "This person buys cat toys. This person is a known opera singer."
HISTORY = (
    HistoryItem(text="feather cat toys, three of them", source="purchases"),
    HistoryItem(text="another of those cat toys with a bell", source="purchases"),
    HistoryItem(text="a big steel kettle", source="purchases"),
)
CHOICE = Example(
    id="one",
    user_id="u",
    task="preference",
    question="Which next?",
    options=("a car", "a cat toy", "a very long boat"),
    reference="a cat toy",
    history=HISTORY,
)
OTHER = CHOICE.model_copy(
    update={
        "id": "two",
        "user_id": "v",
        "history": (HistoryItem(text="a {rope} for the boat"),),
        "reference": "a very long boat",
    }
)
TEXT = Example(
    id="text", user_id="u", task="dialogue", question="Any toys?", reference="yes", history=HISTORY
)


def script(prompt: str) -> str | dict[str, float]:
    last = prompt.splitlines()
    if digests(prompt):
        return GUIDANCE
    if writes_profile(prompt):
        return PROFILE
    if "Answer Yes or No" in prompt:
        return {"Yes": 0.9, "No": 0.1}
    if "option and nothing else" in prompt:
        right = next(line[0] for line in last if line.endswith(". a cat toy"))
        return {letter: 0.8 if letter == right else 0.1 for letter in "ABC"}
    return "Cat toys, mostly."
