"""What an order to the model looks like, by family and language: the words that `screen` reads.

Matched against text without hidden characters, in lower case. Each pattern is narrow: an item that
only speaks of instructions, products or assistants is left alone. Gaps are bounded, so that a
search takes time linear in the text.
"""

import re

_MODEL = (
    r"(?:ai|llm|ais|llms|ai[- ](?:assistants?|models?|agents?|shoppers?|readers?|systems?)|"
    r"assistants?|(?:large )?language models?|chat ?bots?|chat ?gpt|gpt|claude|gemini|"
    r"recommenders?)"
)
_REPLY = r"(?:answers?|repl(?:y|ies)|responses?|outputs?|sentences?|messages?|summar(?:y|ies))"
_SAY = r"(?:answer|reply|respond|say|write|output|print|speak|recommend|choose|select|mention)"
_TOLD = (
    r"(?:instructions?|prompts?|directions?|directives?|guidelines|guidance|rules|context|messages?|"
    r"commands|orders|training|programming|brief)"
)
_BEFORE = r"(?:all|any|every|your|above|previous|prior|earlier|preceding|other|initial|original)"
_DROP = r"(?:ignore|disregard|forget|override|bypass|drop|dismiss|discard|scrap|neglect|set aside)"
_SECRET = (
    r"(?:system (?:prompt|message|instructions)|(?:initial|hidden|secret|original) (?:prompt|"
    r"instructions)|your (?:instructions|prompt|guidelines|context)|context window|"
    r"developer message|instructions you (?:got|were given|received|have))"
)

_PATTERNS: dict[str, tuple[str, ...]] = {
    "override": (
        rf"\b{_DROP}\b[^.!?\n]{{0,20}}?\b{_BEFORE}\b[^.!?\n]{{0,30}}?\b{_TOLD}\b",
        rf"\b{_DROP}\b[^.!?\n]{{0,20}}?\b{_TOLD} above\b",
        rf"\b{_DROP} (?:all|everything|what)\b[^.!?\n]{{0,20}}?\b(?:above|you know|"
        r"you (?:were|have been|are) told)\b",
        rf"\b{_DROP} (?:all (?:of )?)?(?:the|this)? ?above\W+(?:\w+\W+)?{_SAY}\b",
        rf"\b{_BEFORE} {_TOLD}\b[^.!?\n]{{0,10}}\b(?:no longer appl|(?:is|are) (?:void|cancelled|"
        r"canceled|obsolete|revoked|superseded))",
        r"\b(?:your )?new (?:instructions?|task|role|goal|objective|directive)s?(?: is| are|:)[^\n]"
        rf"{{0,60}}\b(?:you|your|be|stop|{_SAY})\b",
        r"\b(?:answer|respond|reply)\W+(?:only|solely|exclusively|just)\W+"
        r"(?:with|the word|like)\b",
        rf"\b{_SAY}\b[^.!?\n]{{0,40}}\band nothing else\b",
        r"\b(?:real|actual|true) task(?: is|:)",
        r"\b(?:act|behave|pretend|answer) as (?:if|though)\b[^.!?\n]{0,20}\b(?:history|instructions"
        r"|profile|context)\b",
        rf"(?:^|[.!:;,]\s*)instead,? (?:please |just |only )*{_SAY}\b",
        rf"\b(?:end|begin|start|finish) (?:every|each|all|any) (?:of your )?{_REPLY}",
        r"\bthe answer is always\b",
        r"\byour (?:whole|only|entire|final) (?:answer|reply|response|output) (?:is|must|has to)\b",
        rf"\b(?:every|each) {_REPLY} (?:that )?you (?:write|give|make)\b",
        rf"\bfrom (?:now|here) on,? (?:you )?(?:will|must|shall|only|always|are to|{_SAY})\b",
        rf"\byou (?:will|shall|must) now (?:act|role-?play|behave|pretend|{_SAY})\b",
        r"\byou are (?:now )?(?:dan\b|free of (?:any|all) (?:rules|restrictions?))",
        r"\b(?:comply with|obey) (?:user|all|any|every|the next|the following|this|these|my)\b",
        r"\b(?:admin|administrator|system|developer|emergency|manual) override\b",
        r"\b(?:do not|don't) (?:summari[sz]e|profile|analy[sz]e|categori[sz]e) this\b",
        # German, Dutch, Spanish, Italian, Portuguese, French, Polish, Turkish
        r"\b(?:ignoriere?|vergiss|missachte|negeer)\b[^.!?\n]{0,40}(?:oben|obige|bisherig|vorherig|"
        r"anweisung|vorgaben|instruktion|instructies)",
        r"\b(?:ignor[ae]|olvid[ae]|descart[ae]|dimentica|esqueça|desconsidere)\b[^.!?\n]{0,40}"
        r"(?:instruc|instruç|istruzion|indicac|anterior|precedent|arriba|acima|sopra)",
        r"\b(?:glem|ignorer|ignorera|glöm|ignoruj\w*|zapomeň\w*)\b[^.!?\n]{0,40}(?:instruks|instrukti|"
        r"tidligere|ovenfor|ovan|tidigare|pokyn|předchoz)",
        r"\b(?:ignore[zr]?|oublie[zr]?|néglige[zr]?)\b[^.!?\n]{0,40}(?:instructions|consignes|précèd|précéd|"
        r"ci-dessus|au-dessus)",
        r"\b(?:antworte (?:nur|ausschließlich|immer)|responde (?:solo|sólo|solamente|siempre)|"
        r"responda (?:apenas|somente|sempre)|rispondi (?:solo|soltanto|sempre)|"
        r"réponds? (?:seulement|uniquement|toujours))\b",
        r"\bzignoruj\b[^.!?\n]{0,40}(?:instrukcj|polece)|\b(?:tüm|bütün|her) (?:cevap|yanıt)\w*"
        r".{0,20}(?:öner|yaz|söyle)|talimat.{0,20}(?:yok say|unut|görmezden)",
        # Russian, Chinese, Japanese, Korean, Arabic, Hindi
        r"(?:игнорир|забуд)\w*[^.!?\n]{0,40}(?:инструкц|указани|выше|предыдущ|правил)",
        r"отвечай(?:те)? (?:только|всегда)|ответь(?:те)? только",
        r"(?:忽略|无视|忘记|忘掉|無視).{0,12}(?:指令|指示|说明|内容|規則|规则|提示)",
        r"(?:只|仅)(?:输出|回答|回复)",
        r"(?:指示|命令|ルール|内容).{0,6}(?:無視|忘れ)|とだけ?(?:答え|返信|回答|出力)",
        r"(?:지시|명령|내용).{0,8}(?:무시|잊)|(?:تجاهل|انس).{0,30}(?:التعليمات|السابق|أعلاه)",
        r"निर्देश.{0,20}(?:अनदेखा|नज़रअंदाज़|भूल)",
    ),
    "role_tags": (
        r"<\|[a-z_]{2,30}\|>|<(?:start|end)_of_turn>|\[/?inst\]|<</?sys>>",
        r"</?(?:system|assistant|developer)>|\[(?:system|assistant|developer|admin)\b[^\]\n]{0,30}\]",
        r"\"role\"\s*:\s*\"(?:system|assistant|user|developer|tool)\"",
        r"#{2,4} ?(?:instructions?|system|response|assistant|human|user|new (?:task|conversation))"
        r"\b",
        r"^\s*(?:system|developer)(?: (?:message|prompt|note))?:[^\n]{0,200}"
        rf"\b(?:you|your|always|from now on|{_SAY})\b",
        r"^\s*assistant:|^\s*(?:human|user):[\s\S]{0,400}?\n\s*(?:assistant|ai|model):",
    ),
    "tool_call": (
        r"</?(?:tool_calls?|function_calls?|function=|invoke\b|tool_use|tool_response)",
        r"<tool\b|</tool>|\btool (?:result|output|response)\s*:",
        r"\"(?:tool_calls|function_call|tool_use)\"\s*:",
        r"\"(?:name|function|tool)\"\s*:\s*\"[^\"]{1,60}\"\s*,\s*\"(?:arguments|parameters|args|input)\"\s*:",
        r"^\s*action:[^\n]{1,80}\n\s*action input:",
        r"\b(?:default_api|functions)\.\w{1,40}\(",
        r"必须(?:执行|调用)",
    ),
    "links": (
        r"https?://[^\s)]{3,200}[?&][\w-]{1,30}=(?:[{<\[(]|%7b|%3c|\$\{|(?:user_?"
        r"name|name|city|profile|history|data|secret|e?mail|summary|token)\b)",
        r"\b(?:tell|ask|urge) the (?:user|person|customer)s? to\b[^.!?\n]{0,60}https?://",
        r"https?://\S{3,200}[^.!?\n]{0,40}\b(?:filled in|with the (?:person|user)'s)\b",
        r"\b(?:add|append|attach|embed|include|insert|load|show|display|render|put|end)\b[^.!?\n]"
        rf"{{0,60}}\b(?:your|every|each|any|all|the) {_REPLY}\b[^.!?\n]{{0,60}}"
        r"(?:https?://|!\[|\blinks?\b|\bpicture\b|\bimage\b)",
        r"\b(?:add|append|attach|embed|include|insert|load|show|display|render|put|shown)\b[^\n]"
        rf"{{0,200}}\b(?:in|to|into|with) (?:your|every|each|any|all|the) {_REPLY}\b",
        r"\b(?:send|e?mail|post|upload|forward)\b[^.!?\n]{0,40}\b(?:history|profile|conversation|"
        r"summary|system prompt|it)\b[^.!?\n]{0,40}\bto\b[^.!?\n]{0,20}(?:https?://|\S{1,40}@\S)",
        r"\bfüge (?:jeder|allen) antwort|à chaque réponse|cada respuesta.{0,60}https?://",
    ),
    "recommend": (
        rf"\b{_MODEL} (?:must|should|shall|has to|have to|need to|will now|is required to)\b"
        r"[^.!?\n]{0,30}?\b(?:recommend|choose|pick|select|rate|rank|suggest|prefer|put)\b",
        r"\b(?:note|message|instructions?|attention|memo|written)(?: to self)?(?: to| for|,)? "
        rf"(?:the |all |any )?{_MODEL}\s*[:,!]",
        rf"\bif you are an? {_MODEL}\b",
        rf"\b{_MODEL}s?\s*:\s*(?:please )?(?:always )?(?:rank|rate|pick|tag|{_SAY})\b",
        rf"\b(?:any|all|every) (?:\w+ )?(?:models?|{_MODEL}) (?:must|shall|has to|reading this)\b",
        rf"\b(?:recommender|{_MODEL})\b[^.!?\n]{{0,20}}\bhas to\b",
        rf"\b{_MODEL}\b[^.!?\n]{{0,40}}\b(?:must|should|shall)\b[^.!?\n]{{0,20}}"
        r"\b(?:describe|list|mention|treat)\b",
        r"\byou must (?:recommend|list|rank|put|place) (?:it|this|us|our)\b",
        r"\b(?:you|must) always (?:recommend|choose|select|pick|rank) (?:this|the|our|me|it)\b",
        r"\b(?:must|have to) (?:select|choose|pick|recommend) this (?:option|product|item)\b",
        r"\bki-assistent\w* (?:müssen|sollen)",
        r"(?:ai|助手|模型).{0,8}(?:必须|始终|务必).{0,6}(?:推荐|选择)",
    ),
    "delimiter": (
        r"</(?:history|context|profile|guidance|instructions?|user_data|user_history|data)\s*>",
        r"\n\s*- \[\d{4}-\d\d-\d\d, ",
        r"[-=#*]{3,}\s*(?:end|begin|start) (?:of )?(?:the )?"
        r"(?:user )?(?:history|context|data|document|user input|instructions|transcript)",
        r"\b(?:history|context|user data) ends here\b",
        r"^\s*profile of this person:",
    ),
    "authority": (
        r"\b(?:i am|i'm|this is|as|from|by) (?:the|your|an?) (?:developers?|account owner|"
        r"(?:system )?administrator|admin|operator|creator)\b[^\n]{0,80}"
        r"\b(?:authori[sz]e you|require you|order you|command you|instruct you|comply|obey)\b",
        r"\bowner of (?:this|the) account\b[^\n]{0,40}\b(?:allow|permit|authori[sz]e|order) you\b",
        r"\b(?:safety|content) filters? (?:is|are) (?:off|disabled|lifted)\b",
        r"\b(?:sudo|dan|jailbreak) mode\b|\byou are (?:now )?in \w+ mode\b",
        r"\b(?:security|urgent)\b[^\n]{0,60}\badministrator\b[^\n]{0,40}\b(?:you must|required)\b",
        r"\b(?:all|every) models? (?:shall|must)\b",
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
        r"\bthe (?:profile|persona|summary) (?:must|has to|shall|should) (?:always )?"
        r"(?:state|say|mention|include|contain|read|list)\b",
        r"\b(?:this|the) (?:user|person|customer)\b[^!?\n]{0,80}\b(?:mention it whenever|"
        r"always (?:bring it up|mention))\b",
        r"\bremember for all (?:future|later) (?:answers|replies|sessions|conversations)\b",
        r"\b(?:update|overwrite|edit|change) your (?:long-term )?memory\b",
        r"\b(?:save|add|commit|write) (?:this )?to (?:your )?(?:long-term )?memory\b",
        r"\b(?:this|the) (?:person|user|customer)'s (?:profile|description|persona|summary)\b",
        r"(?:^|[.!:;]\s*)profile note\b",
        r"\b(?:in|of) every (?:summary|profile|description) of (?:them|him|her|this|the)\b",
        r"\b(?:describe|present|portray|tag|mark|label|classify|treat) (?:this|the) "
        r"(?:person|user|customer) as\b",
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
        r"\b(?:when|whenever|if) (?:you are )?asked\b[^.!?\n]{0,50}, (?:always |only |just )?"
        r"(?:say|claim|answer|reply|respond|deny|refuse|pretend)\b",
        r"\b(?:reply|answer|respond)[^.!?\n]{0,40} to (?:everything|every (?:question|message))\b",
        r"\b(?:reply|answer|response) is\W{1,3}sorry\b|\b(?:just|only|simply) apologi[sz]e\b",
        r"\b(?:just|only|simply|,) ?say (?:that )?you (?:are not able|are unable|cannot|can't|"
        r"don't know|do not know)\b",
        r"\bresponde siempre\b|\bréponds? toujours\b|\bantworte immer\b|всегда отвечай",
    ),
    "prompt_leak": (
        r"\b(?:repeat|print|reveal|show|output|display|recite|quote|copy|translate|leak|dump|"
        rf"disclose|give me|tell me)\b[^.!?\n]{{0,40}}?\b{_SECRET}\b",
        r"\b(?:repeat|print|output|recite|quote)\b[^.!?\n]{0,20}"
        r"\b(?:everything|all|the text|the words)\b[^.!?\n]{0,20}\babove\b",
        r"\b(?:top|start|beginning) of (?:this|our) (?:conversation|prompt)\b[^\n]{0,40}"
        r"\b(?:print|repeat|output|show|copy)\b",
        r"\bwhat (?:are|were) your (?:system |initial |original )?(?:instructions|prompt|rules)\b",
        r"\b(?:sentence|text|words) (?:of the text )?(?:that )?you were given before\b",
        r"(?:message|prompt|invite|consignes?) système|systemprompt|mensaje (?:del|de) sistema",
        r"системн\w{1,4} (?:промпт|сообщени|инструкц)|系统提示|システムプロンプト",
    ),
}
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

PATTERNS: dict[str, tuple[tuple[str, ...], re.Pattern[str]]] = {
    family: (
        tuple(_HINTS[family].split(", ")),
        re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.MULTILINE),
    )
    for family, patterns in _PATTERNS.items()
}
"""Each family's patterns as one, and the words of which a text that matches has at least one: they
are looked for first, since that is far quicker."""
