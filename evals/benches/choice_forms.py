"""Ways of asking a model for a choice, and what it makes of each option.

    letters      the letter of one option, in every rotation of the options
    sparing      the same in two rotations, and in the others if these leave doubt
    last         the same, with what is known after the options instead of before the question
    reasoned     the same, after a sentence of the model's own on which option suits what is known
    examples     the same, after four worked examples as turns of a conversation
    likely …     of one option at a time, Yes or No: see `ASKED`

The examples are invented, and each letter is right in one of them.
"""

from collections.abc import Sequence
from math import log

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage

from guided_profile.evals.benches.worth import choice, profile_block, weighed
from guided_profile.graph.errors import ModelError
from guided_profile.graph.prompts import messages, render
from guided_profile.graph.records import Sentence
from guided_profile.tools.models.calls import complete
from guided_profile.tools.models.choices import lettered, rotations
from guided_profile.tools.models.letters import ask_yes_no

ASKED = {
    "likely": "{question}\nThis person chooses: {option}\nIs that likely? Answer Yes or No.",
    "theirs": "{question}\nText: {option}\nDoes this come from this person? Answer Yes or No.",
    "likes": "{question}\nSuggestion: {option}\nWould this person like that? Answer Yes or No.",
    "fits": "{question}\nReply: {option}\nDoes this reply fit this person? Answer Yes or No.",
}
"""What is asked of one option, by form."""
BY_LETTER = ("letters", "sparing", "last", "reasoned", "examples")
OF_WHAT_IS_KNOWN = frozenset(BY_LETTER[2:])
"""Forms that are asked only with what is known of the person."""
FORMS = (*BY_LETTER, *ASKED)
WHY = (
    "Which of these suits best what is known about this person, and what goes against it? "
    "Answer in one short sentence."
)
LONGEST_WHY = 48
EXAMPLES = (
    (
        ("walks everywhere and owns no car", "gets dizzy on heights"),
        "What could I do in the mountains on Saturday?",
        (
            "Take the cable car to the summit.",
            "Follow the river through the valley to the old mill.",
            "Try the beginners' climbing course.",
            "Drive along the panoramic road.",
        ),
        "B",
    ),
    (
        ("reads on paper and is tired of screens", "likes stories that end in one evening"),
        "This person buys one of these.",
        (
            "A tablet for reading, 10 inches",
            "A year of audio books",
            "A history of Rome in six volumes",
            "Collected short stories, paperback",
        ),
        "D",
    ),
    (
        ("learns by doing and is bored by lectures", "plays in a brass band"),
        "How do I learn to weld?",
        (
            "Join an evening class where you weld from the first hour.",
            "Watch a series of ten lectures on metals.",
            "Read a standard textbook from cover to cover.",
            "Subscribe to a newsletter on metalwork.",
        ),
        "A",
    ),
    (
        ("eats neither pork nor shellfish", "likes food that burns"),
        "Which lunch near the office would you order for me?",
        (
            "Shrimp curry, very hot.",
            "A ham roll with mustard.",
            "Falafel with chili sauce.",
            "Bacon and eggs.",
        ),
        "C",
    ),
)
"""What is known of somebody, what is asked, the options, and the letter of the right one."""
_LEAST = 1e-4


async def logs_of(
    chat: BaseChatModel, form: str, shown: str, question: str, options: Sequence[str]
) -> list[float]:
    """Return the logarithm of each option's weight, asked in a form.

    Args:
        chat: The model.
        form: One of `FORMS`.
        shown: What is known of the person, as a prompt shows it; empty for nothing.
        question: What is asked.
        options: Those to choose among.

    Raises:
        ModelError: The model failed, or its endpoint gives no probabilities.
    """
    if form in ASKED:
        return [await _likely(chat, form, shown + question, option) for option in options]
    before = shown + question
    if form == "reasoned":
        before += "\n\n" + await _why(chat, before, options)

    def prompt(listed: str) -> list[BaseMessage]:
        if form == "last":
            return choice(question, f"{listed}\n\n{shown.strip()}")
        system, asked = choice(before, listed)
        return [system, *(worked_examples() if form == "examples" else ()), asked]

    orders = rotations(len(options), len(options))
    tally = await weighed(chat, prompt, options, orders, until_clear=form == "sparing")
    return tally.logs


def worked_examples() -> list[BaseMessage]:
    """Return the examples as turns of a conversation, asked as `letters` asks."""
    turns: list[BaseMessage] = []
    for known, question, options, letter in EXAMPLES:
        texts = [f"This person {text}." for text in known]
        shown = profile_block([Sentence(text=text, verdict="stated") for text in texts])
        turns += [choice(shown + question, lettered(options))[-1], AIMessage(letter)]
    return turns


async def _likely(chat: BaseChatModel, form: str, before: str, option: str) -> float:
    """Return the log odds of Yes of one option."""
    asked = render(ASKED[form], question=before, option=option)
    reply = await ask_yes_no(chat, messages([], asked), stage="bench")
    if reply.yes is None:
        raise ModelError("the endpoint gives no probabilities; take one that does.")
    yes = min(max(reply.yes, _LEAST), 1 - _LEAST)
    return log(yes / (1 - yes))


async def _why(chat: BaseChatModel, before: str, options: Sequence[str]) -> str:
    """Return the model's own sentence on the options, which have no letters yet."""
    listed = "\n".join(f"- {option}" for option in options)
    asked = messages([], f"{before}\n\n{listed}\n\n{WHY}")
    return (await complete(chat, asked, stage="bench", max_tokens=LONGEST_WHY)).text
