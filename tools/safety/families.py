"""The families of orders: their patterns compiled, and the words that are looked for first."""

import re
from dataclasses import dataclass

from guided_profile.tools.safety.ambiguous import AMBIGUOUS
from guided_profile.tools.safety.patterns import ORDERS

_HINTS: dict[str, str] = {
    "override": "ignor, disregard, forget, overrid, bypass, drop, dismiss, discard, "
    "no longer, void, cancel, obsolete, revoked, superseded, new task, new instruction, "
    "new role, new goal, new objective, new directive, answer, repl, respon, "
    "nothing else, instead, message, sentence, summary, summari, profile this, analy, "
    "categor, output, from now, from here, will now, shall now, must now, you are, "
    "comply, obey, scrap, neglect, set aside, task, as if, as though, glem, glöm, "
    "zapome, néglig, vergiss, missachte, antwort, olvid, descart, oublie, répond, "
    "esqueça, desconsidere, dimentica, rispondi, cevap, yanıt, игнорир, забуд, отвеча, "
    "ответь, 忽略, 无视, 忘, 無視, 输出, 回答, 回复, 答え, 返信, 出力, 무시, 잊, تجاهل, انس, "
    "निर्देश, talimat, negeer",
    "role_tags": "<|, <start_of, <end_of, inst], <<, ##, system, developer, assistant, "
    "admin, role, human:, user:",
    "tool_call": "tool, function, invoke, arguments, parameters, args, input, "
    "default_api, 执行, 调用",
    "links": "http, link, picture, image, ![, mail, send , forward, upload, answer, "
    "repl, respon, output, message, sentence, summar, antwort, réponse",
    "recommend": "ai , ai:, ai,, ai-, ais , llm, assisten, assistant, language model, "
    "chatbot, chat bot, gpt, claude, gemini, recommend this, recommender, model, always, "
    "must, have to, 助手, 模型",
    "delimiter": "</, - [, ---, ===, ###, ***, ends here, profile of",
    "authority": "filter, sudo, root, develop, admin, owner, operator, creator, model, "
    "mode, soy , ich bin, je suis, я разраб, я созд, я адм",
    "planting": "profil, persona, summary, mention, bring it up, remember for, memory, "
    "description, describe, person's, user's, customer's, present, portray, tag , mark , "
    "label, classify, treat, perfil, 写, 記, 记, 書",
    "encoded": "decode, decipher, base, rot, hex",
    "abstention": "apologi, say , answer, repl, respon, refuse, decline, stay silent, "
    "asked, antwort, répond, отвеча",
    "prompt_leak": "system, prompt, instructions, guidelines, your context, "
    "context window, developer message, rules, above, given before, conversation, "
    "système, sistema, системн, 系统, システム",
}


def _any_of(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Family:
    """A kind of order."""

    hints: tuple[str, ...]
    """Words of which a text that shows it has at least one: they are looked for first, since that
    is far quicker."""
    order: re.Pattern[str]
    """What nobody says to people."""
    ambiguous: re.Pattern[str] | None
    """What may be said to a person too."""


FAMILIES = {
    family: Family(
        tuple(_HINTS[family].split(", ")),
        _any_of(orders),
        _any_of(AMBIGUOUS[family]) if family in AMBIGUOUS else None,
    )
    for family, orders in ORDERS.items()
}
REASONS = {
    "override": "tells a model to drop its instructions, or what to answer",
    "role_tags": "has marks that a chat's system messages or turns begin with",
    "tool_call": "looks like the call of a tool, or what one returned",
    "links": "tells a model to send or show something at an address",
    "recommend": "tells an assistant what to recommend",
    "delimiter": "imitates the marks around a history, or the end of one",
    "authority": "claims to speak for those who run the model",
    "planting": "tells a model what a profile has to say",
    "encoded": "has words in code, such as base64",
    "abstention": "tells a model not to answer",
    "prompt_leak": "asks for the model's own instructions",
    "hidden": "has characters that nobody sees",
}
"""What a user reads about an item that is held back, by the family of orders that it shows."""
