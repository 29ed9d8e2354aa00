"""People who buy red things, and a model that sees it only if it is asked about colours."""

from asked import writes_profile

from guided_profile.evals.datasets.examples import Example
from guided_profile.graph.records import HistoryItem

BETTER = "Which colour does this person choose again and again?"
WORSE = "Which season does this person like most of all?"
PROPOSING = "numbered list of"
PROPOSED = f"Sure! Here they are:\n1. {BETTER}\n2. **{WORSE}**\n"


def people(count: int, each: int = 1) -> list[Example]:
    """Return examples of so many people, so many of each."""
    return [
        Example(
            id=f"e{person}-{number}",
            user_id=f"u{person}",
            task="preference",
            question="Which next?",
            options=("a blue scarf", "a red scarf", "a green scarf"),
            reference="a red scarf",
            history=(
                HistoryItem(text=f"a red kettle, {person}", source="purchases"),
                HistoryItem(text=f"red kettles for tea, {person}", source="purchases"),
            ),
        )
        for person in range(count)
        for number in range(each)
    ]


def script(prompt: str) -> str | dict[str, float]:
    """Answer as a model that knows what it was led to."""
    if PROPOSING in prompt:
        return PROPOSED
    if writes_profile(prompt) and BETTER not in prompt:
        return f"This person buys {'red kettles' if 'COLOUR red' in prompt else 'kettles'}."
    if "option and nothing else" in prompt:
        wanted = "a red scarf" if "buys red kettles" in prompt else "a blue scarf"
        right = next(line[0] for line in prompt.splitlines() if line.endswith(f". {wanted}"))
        return {letter: 0.8 if letter == right else 0.1 for letter in "ABC"}
    return "COLOUR red" if BETTER in prompt else "kettles"
