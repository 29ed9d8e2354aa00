"""What a reasoning model writes before it answers, taken out of its replies.

An endpoint that knows its model sends thoughts apart; many leave them in the text, in the marks of
the model's own family, or cut off the first of the marks, since it stood in the prompt already.
"""

import re

_NAMES = r"(?:\w+:)?(?:think(?:ing)?|thoughts?|reasoning)"
_MARK = re.compile(
    # DeepSeek, Qwen, MiniMax, GLM, EXAONE, Seed; Magistral; Kimi; Gemma; MedGemma
    rf"(?P<opens>(?i:<{_NAMES}>)|\[THINK\]|◁think▷|<\|channel>|<unused94>)"
    rf"|(?P<closes>(?i:</{_NAMES}>)|\[/THINK\]|◁/think▷|<channel\|>|<unused95>)"
    # of chat templates: gpt-oss and ChatML, Llama, Phi, GLM, Gemma, DeepSeek, Command
    r"|(?P<token><[|｜](?:channel|message|start|constrain|call|return|im_\w{1,8}|eo[stm](?:_id)?"
    r"|pad|user|assistant|system|observation|start_\w{1,20}|(?i:end|begin)[\w▁]{0,20}"
    r"|START_\w{1,20}|inner_\w{1,8}|\w{0,20}think\w{0,20})[|｜]>|</s>|<eos>"
    r"|<(?:start|end)_of_turn>)"
)
_BEGUN = re.compile(r"(?:<[|｜/\w:▁]{0,44}[|｜]?|\[/?T?H?I?N?K?|◁/?\w{0,6})\Z")
"""The end of a text that may be the beginning of a mark."""
_CLOSING = re.compile(r"(?i)/|end|close|suffix")
_PASSED_OVER = re.compile(r"(?i)begin|start_(?:text|response)|_box")
"""Tokens that stand around an answer, or in it; what follows any other one is not of the answer."""


class Thoughts:
    """Takes thoughts, and the tokens that end a turn, out of a reply that comes in pieces.

    Args:
        hold: Whether nothing is given out before it is sure that it is no thought: of a model that
            leaves out the first mark, that is when the last one comes, or the reply ends.
    """

    def __init__(self, *, hold: bool) -> None:
        self.found = False
        """Whether there was a thought."""
        self.unopened = False
        """Whether one was closed that had not been opened."""
        self._hold = hold
        self._held = self._rest = ""
        self._state = "text"  # or "thought", "head" (of a message of gpt-oss), "ended"
        self._head, self._of_messages, self._begun = "", False, False

    @property
    def thinking(self) -> bool:
        """Whether what came ends amid a thought."""
        return self._state == "thought"

    def feed(self, piece: str) -> str:
        """Take a piece of the reply; return what of the answer is sure by now."""
        text, out = self._rest + piece, ""
        at = 0
        for mark in _MARK.finditer(text):
            out += self._take(text[at : mark.start()])
            out = self._turn(mark, out)
            at = mark.end()
        begun = _BEGUN.search(text, max(at, len(text) - 48))
        end = begun.start() if begun else len(text)
        self._rest = text[end:]
        return out + self._take(text[at:end])

    def close(self) -> str:
        """Return what is left of the answer when the reply is over."""
        out = self._take(self._rest)
        left, self._held, self._rest, self._hold = self._held + out, "", "", False
        if left.startswith("analysis") and "assistantfinal" in left:
            # gpt-oss, where the endpoint left out the tokens around
            self.found = self.unopened = True
            return left.rpartition("assistantfinal")[2].lstrip()
        return left

    def _take(self, text: str) -> str:
        if self._state == "head":
            self._head += text
        if self._state != "text":
            return ""
        if not self._begun:
            text = text.lstrip() if self.found else text.lstrip("\r\n")
            self._begun = bool(text.strip())
        if self._hold:
            self._held += text
            return ""
        return text

    def _turn(self, mark: re.Match[str], out: str) -> str:
        """Go on after a mark; return what may be given out of what came before it."""
        token = mark["token"] or ""
        name = token.strip("<>|｜")
        thinks = "think" in name.casefold() or name.startswith("inner_")
        if self._state == "ended":
            return out
        if mark["opens"] or (thinks and not _CLOSING.search(name)):
            self._state, self.found = "thought", True
        elif mark["closes"] or thinks:
            if self._state == "text":
                self.unopened, self._held, self._begun = True, "", False
                out = ""
            out, self._held = out + self._held, ""  # what stood before a thought that was opened
            self._state, self.found, self._hold = "text", True, False
        else:
            self._pass(name)
        return out

    def _pass(self, name: str) -> None:
        """Go on after a token of a chat template."""
        if name in ("channel", "start"):  # of gpt-oss
            self._of_messages = self._of_messages or name == "channel"
            self._state, self._head = "head", name + " "
        elif name == "message" and self._state == "head":
            said = self._head.split()
            self._state = "text" if said[0] == "start" or said[1:2] == ["final"] else "thought"
            self.found = self.found or self._state == "thought"
        elif self._of_messages:
            if name in ("end", "return", "call"):
                self._state, self._head = "head", "start "
        elif self._state == "text" and self._begun and not _PASSED_OVER.search(name):
            self._state = "ended"


def without_thoughts(text: str) -> tuple[str, Thoughts]:
    """Return the answer in a whole reply, and what was found out on the way."""
    thoughts = Thoughts(hold=True)
    return thoughts.feed(text) + thoughts.close(), thoughts
