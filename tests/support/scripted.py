"""A chat model that says what a test has it say."""

import re
from collections.abc import Callable
from math import log
from typing import Any

from asked import (
    BEARS,
    DEPENDS,
    ENDED,
    OF_MOST,
    RENEW,
    STATEMENT,
    USE,
    USES,
    judgements,
    lines_of,
    shares_words,
)
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import Field

Script = Callable[[str], str | dict[str, float]]


class ScriptedChat(BaseChatModel):
    """A chat model that a function answers: a text, or the probabilities of one-token replies."""

    script: Any
    """Called with the whole prompt."""
    logprobs: bool = True
    """Whether the endpoint gives log probabilities; a reply of probabilities needs them."""
    cut_off: int | None = None
    """Ends a text after so many words, as a token limit does."""
    prompts: list[str] = Field(default_factory=list)
    """Every prompt it was sent."""
    model_name: str = "scripted"
    judges: Any = None
    """Called with a statement and the history's lines: the probability that they support it."""
    ends: Callable[[str, str], float] = lambda note, item: 0.1
    """Called with a note and a newer item: the probability that the item ends it."""
    uses: Callable[[str], str] = lambda note: "B"
    """Called with a note: the letter of its use, A for always, B for topical, C for private."""
    bears: Callable[[str, str], float] = lambda request, notes: 0.9
    """Called with a request and notes: the probability that a good answer differs by them."""
    depends: Callable[[str], float] = lambda request: 0.9
    """Called with a request: the probability that a good answer depends on who is asking."""
    renews: Callable[[str, str], str] = lambda note, item: "They own a zeppelin."
    """Called with a note that is over and the item that ended it: how it is now."""
    judgement: Any = None
    """Its reply where it is asked to judge in JSON, instead of one by `judges`."""

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def _judged(self, asked: re.Match[str], prompt: str) -> str | dict[str, float]:
        lines = lines_of(prompt)
        likely = (self.judges or shares_words)(asked[1], lines)
        if not self.logprobs:
            return "Yes" if likely > 0.5 else "No"
        return {"Yes": likely, "No": 1 - likely}

    def _of_notes(self, prompt: str) -> str | dict[str, float] | None:
        """Return what it says of notes: what they are used for, and whether they bear."""
        if asked := USE.search(prompt):
            is_so = self.uses(asked[1]) == ("A" if asked[2] == "rule" else "C")
            likely = 0.9 if is_so else 0.1
            return {"Yes": likely, "No": 1 - likely} if self.logprobs else "Yes" if is_so else "No"
        if notes := USES.search(prompt):
            notes_shown = enumerate(lines_of(notes[1]), start=1)
            return "\n".join(f"{n} {self.uses(text)}" for n, text in notes_shown)
        likely = None
        if bears := BEARS.search(prompt):
            likely = self.bears(bears[2], bears[1])
        elif depends := DEPENDS.search(prompt):
            likely = self.depends(depends[1])
        if likely is not None:
            return {"Yes": likely, "No": 1 - likely} if self.logprobs else "Yes"
        return None

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        prompt = "\n".join(message.text for message in messages)
        self.prompts.append(prompt)
        asked = STATEMENT.search(prompt)
        said = self._judged(asked, prompt) if asked else None
        if OF_MOST.search(prompt):
            said = {"Yes": 0.1, "No": 0.9} if self.logprobs else "No"
        if note := ENDED.search(prompt):
            over = self.ends(note[1], note[2])
            said = {"Yes": over, "No": 1 - over} if self.logprobs else "Yes" if over > 0.5 else "No"
        said = self._of_notes(prompt) or said
        if note := RENEW.search(prompt):
            said = self.renews(note[1], note[2])
        judges = self.judges or shares_words
        if judged := judgements(prompt, judges, self.ends, self.renews):
            said = judged if self.judgement is None else self.judgement
        said = self.script(prompt) if said is None else said
        metadata: dict[str, Any] = {"finish_reason": "stop", "model_name": self.model_name}
        if isinstance(said, dict):
            top = [{"token": token, "logprob": log(p)} for token, p in said.items() if p > 0]
            top.sort(key=lambda token: -token["logprob"])
            text = top[0]["token"]
            content = [{**top[0], "top_logprobs": top}]
        else:
            text = said
            if self.cut_off and len(text.split()) > self.cut_off:
                text = " ".join(text.split()[: self.cut_off])
                metadata["finish_reason"] = "length"
            content = [{"token": word, "logprob": log(0.5)} for word in text.split()]
            for token in content:
                token["top_logprobs"] = [dict(token)]
        if self.logprobs and kwargs.get("logprobs"):
            metadata["logprobs"] = {"content": content}
        message = AIMessage(
            text,
            response_metadata=metadata,
            usage_metadata={
                "input_tokens": len(prompt.split()),
                "output_tokens": len(text.split()),
                "total_tokens": len(prompt.split()) + len(text.split()),
                "input_token_details": {"cache_read": 0},
            },
        )
        return ChatResult(generations=[ChatGeneration(message=message)])
