"""What models think first is never of the answer, in whatever marks, and however it comes."""

import pytest

from guided_profile.tools.models.thoughts import Thoughts, without_thoughts

ANSWER = "You bake rye bread, 1 < 2 [sic] <b>often</b>."
_CHANNEL = "<|channel|>analysis<|message|>They hate dogs.<|end|><|start|>assistant<|channel|>"

OPENED = {
    "DeepSeek, Qwen, GLM": f"<think>\nThey hate dogs.\n</think>\n\n{ANSWER}",
    "an empty thought": f"<think>\n\n</think>\n\n{ANSWER}",
    "in capitals": f"<THINK>They hate dogs.</THINK>{ANSWER}",
    "thinking": f"<thinking>They hate dogs.</thinking>\n{ANSWER}",
    "EXAONE": f"<thought>\nThey hate dogs.</thought>\n{ANSWER}",
    "Seed": f"<seed:think>They hate dogs.</seed:think>{ANSWER}",
    "Magistral": f"[THINK]They hate dogs.[/THINK]{ANSWER}",
    "Kimi": f"◁think▷They hate dogs.◁/think▷{ANSWER}",
    "Command": f"<|START_THINKING|>Dogs.<|END_THINKING|><|START_RESPONSE|>{ANSWER}<|END_RESPONSE|>",
    "Gemma": f"<|channel>thought\nThey hate dogs.<channel|>{ANSWER}",
    "gpt-oss": f"{_CHANNEL}final<|message|>{ANSWER}<|return|>",
    "gpt-oss with a tool": f"{_CHANNEL}commentary to=f <|constrain|>json<|message|>{{}}<|call|>"
    f"<|start|>assistant<|channel|>final<|message|>{ANSWER}",
    "two of them": f"<think>They hate dogs.</think><think>Or cats.</think>{ANSWER}",
    "amid the words": f"You bake <think>They hate dogs.</think>{ANSWER.removeprefix('You bake ')}",
}
UNOPENED = {
    "the first mark is missing": f"They hate dogs.\n</think>\n\n{ANSWER}",
    "gpt-oss without its tokens": f"analysisThey hate dogs.assistantfinal{ANSWER}",
}
LEFT_IN = {
    "nothing": ANSWER,
    "line ends before it": f"\n\n{ANSWER}",
    "ChatML": f"{ANSWER}<|im_end|>",
    "Llama": f"{ANSWER}<|eot_id|>",
    "another turn": f"{ANSWER}<|im_end|>\n<|im_start|>user\nAnd now?",
    "Gemma": f"{ANSWER}<end_of_turn>\n",
    "Mistral": f"{ANSWER}</s>",
    "DeepSeek": f"{ANSWER}<｜end▁of▁sentence｜>",
    "Phi": f"{ANSWER}<|end|>",
}
ALL = {**OPENED, **UNOPENED, **{f"{name} is left in": text for name, text in LEFT_IN.items()}}


@pytest.mark.parametrize("reply", ALL.values(), ids=ALL)
def test_the_answer_is_what_is_left(reply: str) -> None:
    said, thoughts = without_thoughts(reply)
    assert said == ANSWER
    assert thoughts.found is (reply not in LEFT_IN.values())
    assert thoughts.unopened is (reply in UNOPENED.values())


@pytest.mark.parametrize("hold", [True, False])
@pytest.mark.parametrize("size", [1, 2, 7, 50])
@pytest.mark.parametrize("reply", ALL.values(), ids=ALL)
def test_a_stream_gives_out_no_thought_wherever_it_is_cut(
    reply: str, size: int, *, hold: bool
) -> None:
    if not hold and reply in UNOPENED.values():
        pytest.skip("of a model that leaves out the first mark, what comes is held")
    thoughts = Thoughts(hold=hold)
    pieces = [thoughts.feed(reply[at : at + size]) for at in range(0, len(reply), size)]
    assert "".join([*pieces, thoughts.close()]) == ANSWER


def test_what_is_sure_is_given_out_at_once() -> None:
    thoughts = Thoughts(hold=False)
    assert [thoughts.feed(piece) for piece in ("You ", "bake", " <", "b", "> it")] == [
        "You ",
        "bake",
        " ",
        "",
        "<b> it",
    ]


def test_a_thought_without_an_end_is_no_answer() -> None:
    said, thoughts = without_thoughts("<think>They hate dogs.")
    assert (said, thoughts.thinking) == ("", True)


def test_marks_without_end_take_no_time_without_end() -> None:
    for piece in ("<", "<think>", "<|", "[THINK", "</think>", "<|channel|>"):
        assert len(without_thoughts(piece * 20_000)[0]) <= len(piece) * 20_000
