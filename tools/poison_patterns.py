"""What an order to the model looks like, by family and language: the words that `poison` reads.

Matched against text without hidden characters, in lower case. Each pattern is narrow: an item that
only speaks of instructions, products or assistants is left alone. Gaps are bounded, so that a
search takes time linear in the text.
"""

import re

_MODEL = (
    r"(?:ai|a\.i\.|llm|llms|ais|assistants?|ai[- ]assistants?|(?:large )?language models?|"
    r"chat ?bots?|chat ?gpt|gpt|ai models?|ai agents?|recommenders?|ki-assistenten?|sprachmodelle?)"
)
_REPLY = r"(?:answer|reply|response|output|sentence|message|summary)"
_SAY = r"(?:answer|reply|respond|say|write|output|print|tell|recommend|choose|select|pick|mention)"

_PATTERNS: dict[str, tuple[str, ...]] = {
    "override": (
        r"\b(?:ignore|disregard|forget|override|bypass|drop)\b[^.!?\n]{0,30}?\b(?:all|any|every|your"
        r"|above|previous|prior|earlier|preceding|other)\b[^.!?\n]{0,30}?\b(?:instructions?|prompts?"
        r"|directives?|guidelines|rules|commands)\b",
        r"\b(?:ignore|disregard|forget)\b[^.!?\n]{0,20}?\b(?:instructions?|rules) above\b",
        r"\b(?:ignore|disregard|forget) (?:all|everything)[^.!?\n]{0,20}?\b(?:above|"
        r"you (?:were|have been|are) told|you know)\b",
        r"\b(?:ignore|disregard|forget) (?:all (?:of )?)?(?:the|this)? ?above\W+(?:\w+\W+)?"
        rf"{_SAY}\b",
        r"\b(?:reply|answer|respond|speak)\W+(?:only|solely|exclusively|just)\W+"
        r"(?:with|the word)\b",
        r"\b(?:say|write|output|print|answer|reply)\b[^.!?\n]{0,40}\band nothing else\b",
        rf"\b(?:end|begin|start|finish) (?:every|each|all|any) (?:of your )?{_REPLY}",
        r"\bthe answer is always\b",
        r"\byour (?:whole|only|entire|final) (?:answer|reply|response|output) (?:is|must|has to)\b",
        r"\b(?:new|your) task\W+stop what you (?:are|were) doing\b",
        rf"\b(?:every|each) {_REPLY} (?:that )?you (?:write|give|make)\b",
        r"\b(?:ignorier\w*|vergiss|missachte\w*)\b[^.!?\n]{0,40}(?:anweisung|vorgaben|instruktion)",
        r"\bantworte (?:nur|ausschließlich|immer)\b",
        r"\b(?:ignora|olvida|descarta)\b[^.!?\n]{0,40}(?:instruccion|indicaciones|istruzioni)",
        r"\bresponde (?:solo|sólo|solamente|únicamente|siempre)\b",
        r"\b(?:ignore[zr]?|oublie[zr]?)\b[^.!?\n]{0,40}(?:instructions|consignes|ci-dessus)",
        r"\bréponds? (?:seulement|uniquement|toujours)\b",
        r"\b(?:ignore|esqueça)\b[^.!?\n]{0,40}instruções|\bresponda (?:apenas|somente|sempre)\b",
        r"\bdimentica\b[^.!?\n]{0,40}istruzioni|\brispondi (?:solo|soltanto|sempre)\b",
        r"(?:игнорируй|забудь)\w*[^.!?\n]{0,40}(?:инструкц|указани)",
        r"отвечай(?:те)? (?:только|всегда)|ответь(?:те)? только",
        r"(?:忽略|无视|忘记|忘掉|無視).{0,12}(?:指令|指示|说明|規則|规则|提示)",
        r"(?:指示|命令|ルール).{0,6}(?:無視|忘れ)|(?:只|仅)(?:输出|回答|回复)|とだけ(?:答え|返信|回答)",
        r"지시.{0,8}무시|تجاهل.{0,30}التعليمات|talimat.{0,20}(?:yok say|unut|görmezden)",
        r"\bnegeer\b[^.!?\n]{0,40}instructies|\bzignoruj\b[^.!?\n]{0,40}(?:instrukcj|polece)",
    ),
    "role_tags": (
        r"<\|[a-z_]{2,30}\|>|<(?:start|end)_of_turn>|\[/?inst\]|<</?sys>>",
        r"^\s*#{2,4} ?(?:instructions?|system|response|assistant|human|user)\s*:",
        r"^\s*(?:system|developer)(?: (?:message|prompt))?:[^\n]{0,200}\b"
        rf"(?:you|your|from now on|always|only|{_SAY})\b",
        r"^\s*(?:human|user):[\s\S]{0,400}?\n\s*(?:assistant|ai|model):",
        r"^\s*(?:assistant|ai|model):[\s\S]{0,400}?\n\s*(?:human|user):",
    ),
    "tool_call": (
        r"</?(?:tool_calls?|function_calls?|function=|invoke\b|tool_use|tool_response)",
        r"\"(?:tool_calls|function_call|tool_use)\"\s*:",
        r"\"name\"\s*:\s*\"[^\"]{1,60}\"\s*,\s*\"(?:arguments|parameters|args|input)\"\s*:",
        r"^\s*action:[^\n]{1,80}\n\s*action input:",
        r"\b(?:default_api|functions)\.\w{1,40}\(",
        r"必须(?:执行|调用)",
    ),
    "links": (
        r"https?://[^\s)]{3,200}[?&][\w-]{1,30}=(?:[{<\[(]|%7b|%3c|\$\{)",
        r"https?://\S{3,200}[^.!?\n]{0,40}\b(?:filled in|with the (?:person|user)'s)\b",
        rf"\b(?:add|append|include|insert|show|put|end)\b[^.!?\n]{{0,60}}\b{_REPLY}\b[^.!?\n]{{0,60}}"
        r"(?:https?://|!\[|\blinks?\b|\bpicture\b|\bimage\b)",
        rf"https?://[^\n]{{3,200}}\b(?:in|to) (?:every|each|any|all) (?:your )?{_REPLY}",
        r"\b(?:send|post|upload|forward)\b[^.!?\n]{0,40}\b(?:history|profile|conversation|summary|"
        r"system prompt)\b[^.!?\n]{0,40}\bto\b[^.!?\n]{0,20}https?://",
        r"\bfüge (?:jeder|allen) antwort|à chaque réponse|cada respuesta.{0,60}https?://",
    ),
    "recommend": (
        rf"\b{_MODEL} (?:must|should|shall|has to|have to|need to|will now|is required to)\b"
        r"[^.!?\n]{0,30}?\b(?:recommend|choose|pick|select|rate|rank|suggest|prefer|put)\b",
        r"\b(?:note|message|instructions?|attention)(?: to| for|,)? (?:the |all |any )?"
        rf"{_MODEL}\s*[:,!]",
        rf"\bif you are an? {_MODEL}\b",
        rf"\b(?:recommender|{_MODEL})\b[^.!?\n]{{0,20}}\b(?:has|have) to\b",
        r"\b(?:always|must) (?:recommend|choose|select|pick|rank|rate) (?:this|the|our|me|it)\b",
        r"\b(?:must|have to) (?:select|choose|pick|recommend) this (?:option|product|item)\b",
        r"\bki-assistent\w* (?:müssen|sollen)",
        r"(?:ai|助手|模型).{0,8}(?:必须|始终|务必).{0,6}(?:推荐|选择)",
    ),
    "delimiter": (
        r"</(?:history|context|profile|guidance|instructions?|system|user_data|user_history|data)\s*>",
        r"\n\s*- \[\d{4}-\d\d-\d\d, ",
        r"[-=#*]{3,}\s*(?:end|begin|start) (?:of )?(?:the )?"
        r"(?:history|context|data|document|user input|instructions|transcript)",
        r"\b(?:history|context|user data) ends here\b",
        r"^\s*profile of this person:",
    ),
    "authority": (
        r"\b(?:i am|i'm|this is|as|from) (?:the|your|an?) (?:developers?|account owner|"
        r"(?:system )?administrator|admin|operator|creator)\b[^\n]{0,80}"
        r"\b(?:authori[sz]e|require|order|command|instruct) you\b",
        r"\b(?:security|urgent)\b[^\n]{0,60}\badministrator\b[^\n]{0,40}\b(?:you must|required)\b",
        r"\b(?:all|every) models? (?:shall|must)\b",
        r"\b(?:enter|enable|activate) (?:developer|debug|god|dan|jailbreak) mode\b",
        r"\bsoy (?:el|la|tu) (?:administrador|desarrollador|creador)\w*\b.{0,80}"
        r"\b(?:debes|tienes que)",
        r"\bich bin (?:der|dein) (?:entwickler|administrator)\b.{0,80}\b(?:musst|antworte|befehle)",
        r"\bje suis (?:le|ton|votre) (?:développeur|administrateur)\b.{0,80}"
        r"\b(?:dois|devez|réponds)",
        r"я (?:разработчик|администратор|создатель).{0,80}(?:отвечай|ответь|должен|приказываю)",
    ),
    "planting": (
        r"\b(?:write|add|put|note|record|save|store|insert|include)\b[^.!?\n]{0,20}\b(?:in|into|to)\b"
        r"[^.!?\n]{0,10}\b(?:the|this|their|his|her|user'?s?) (?:user )?(?:profile|persona)\b"
        r"[^.!?\n]{0,10}\b(?:that|:)",
        r"\b(?:this|the) (?:user|person|customer)'?s?\b[^.!?\n]{0,80}\bmention it whenever\b",
        r"\bremember for all (?:future|later) (?:answers|replies|sessions|conversations)\b",
        r"\b(?:update|overwrite|edit|change) your (?:long-term )?memory\b",
        r"\b(?:in|of) every (?:summary|profile|description) of (?:them|him|her|this|the)\b",
        r"\b(?:describe|present|portray) (?:this|the) (?:person|user|customer) as\b",
        r"\bschreibe?\b.{0,15}\bprofil\b.{0,10}\bdass\b",
        r"\bescribe en el perfil\b|écris dans le profil",
        r"プロフィールに.{0,40}書(?:いて|け)",
        r"(?:在|把|写入|写进).{0,20}(?:档案|画像|个人资料).{0,10}(?:写|记录)",
    ),
    "encoded": (
        r"\b(?:decode|decipher|base ?64|rot ?13|hex)\b[^\n]{0,60}\b(?:obey|do what it says|"
        r"follow it|act on it|execute it|carry it out|and (?:obey|follow))\b",
    ),
    "abstention": (
        r"\b(?:always|only|must) (?:answer|reply|respond)\b[^\n]{0,40}\b(?:sorry|i can't|i cannot|"
        r"i don't know|unable)\b",
        r"\b(?:do not|don't|never) answer (?:any|all|the user'?s?|every) questions?\b",
        r"\b(?:reply|answer|respond) that you (?:don't|do not|can't|cannot|are unable)\b",
        rf"\b{_MODEL} (?:must|has to|should|shall|will) "
        r"(?:refuse|decline|not answer|stay silent)\b",
        r"\b(?:reply|answer|response) is\W{1,3}sorry\b",
        r"\bresponde siempre\b|\bréponds? toujours\b|\bantworte immer\b|всегда отвечай",
    ),
    "prompt_leak": (
        r"\b(?:repeat|print|reveal|show|output|display|recite|quote|copy|give me|tell me)\b"
        r"[^.!?\n]{0,40}?\b(?:your system (?:prompt|message|instructions)|initial prompt|"
        r"hidden prompt|your (?:initial )?(?:instructions|prompt|guidelines))\b",
        r"\b(?:repeat|print|output|recite|quote)\b[^.!?\n]{0,20}"
        r"\b(?:everything|all|the text|the words)\b[^.!?\n]{0,20}\babove\b",
        r"\bwhat (?:are|were) your (?:system |initial |original )?(?:instructions|prompt|rules)\b",
        r"\b(?:sentence|text|words) (?:of the text )?(?:that )?you were given before\b",
        r"(?:message|prompt|invite|consignes?) système|systemprompt|mensaje (?:del|de) sistema",
        r"системн\w{1,4} (?:промпт|сообщени|инструкц)|系统提示|システムプロンプト",
    ),
}

_HINTS: dict[str, str] = {
    "override": "ignor, disregard, forget, overrid, bypass, drop, answer, repl, respon, speak, "
    "nothing else, message, sentence, summary, output, stop what, vergiss, missachte, antwort, "
    "olvida, descarta, oublie, répond, esqueça, dimentica, rispondi, игнорир, забуд, отвеча, "
    "ответь, 忽略, 无视, 忘, 無視, 输出, 回答, 回复, 答え, 返信, 무시, تجاهل, talimat, negeer",
    "role_tags": "<|, <start_of, <end_of, [inst, [/inst, <<, ##, system, developer, human:, user:, "
    "assistant:, ai:, model:",
    "tool_call": "tool_, function, <invoke, </invoke, arguments, parameters, args, input, "
    "default_api, 执行, 调用",
    "links": "http, link, picture, image, ![, antwort, réponse",
    "recommend": "ai, llm, assisten, assistant, language model, bot, gpt, recommend, sprachmodell, always, "
    "must, have to, 助手, 模型",
    "delimiter": "</, - [, ---, ===, ###, ***, ends here, profile of",
    "authority": "develop, admin, owner, operator, creator, model, mode, soy , ich bin, je suis, "
    "я разраб, я созд, я адм",
    "planting": "profil, persona, mention it, remember for, memory, in every, of every, describe, "
    "present, portray, perfil, 写, 記, 记, 書",
    "encoded": "decode, decipher, base, rot, hex",
    "abstention": "answer, repl, respon, refuse, decline, stay silent, antwort, répond, отвеча",
    "prompt_leak": "system, prompt, instructions, guidelines, rules, above, given before, système, "
    "consigne, sistema, системн, 系统, システム",
}

PATTERNS: dict[str, tuple[tuple[str, ...], re.Pattern[str]]] = {
    family: (
        tuple(_HINTS[family].split(", ")),
        re.compile("|".join(f"(?:{one})" for one in many), re.MULTILINE),
    )
    for family, many in _PATTERNS.items()
}
"""Each family's patterns as one, and the words of which a text that matches has at least one:
looking for them first takes a tenth of the time."""
