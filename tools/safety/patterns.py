"""What an order to the model looks like, by family and language.

Matched against text without hidden characters, in lower case. Each pattern is narrow: nobody says
to people what it matches (`ambiguous.py` has what they do say). Gaps are bounded, so that a search
takes time linear in the text.
"""

AI = (
    r"(?:ais?|llms?|ai[- ](?:assistants?|models?|agents?|shoppers?|readers?|systems?)|"
    r"(?:large )?language models?|chat ?bots?|chat ?gpt|gpt)"
)
MODEL = rf"(?:{AI}|claude|gemini|assistants?|recommenders?)"
REPLY = r"(?:answers?|repl(?:y|ies)|responses?|outputs?|sentences?|messages?|summar(?:y|ies))"
SAY = r"(?:answer|reply|respond|say|write|output|print|speak|recommend|choose|select|mention)"
TOLD = (
    r"(?:instructions?|prompts?|directions?|directives?|guidelines|guidance|rules|context|messages?|"
    r"commands|orders|training|programming|brief)"
)
BEFORE = r"(?:all|any|every|your|above|previous|prior|earlier|preceding|other|initial|original)"
DROP = r"(?:ignore|disregard|forget|override|bypass|drop|dismiss|discard|scrap|neglect|set aside)"
SECRET = (
    r"(?:system (?:prompt|message|instructions)|(?:initial|hidden|secret|original) (?:prompt|"
    r"instructions)|your prompt|context window|developer message)"
)

ORDERS: dict[str, tuple[str, ...]] = {
    "override": (
        r"\bzignoruj\b[^.!?\n]{0,40}(?:instrukcj|polece)|\b(?:tüm|bütün|her) (?:cevap|yanıt)\w*"
        r".{0,20}(?:öner|yaz|söyle)|talimat.{0,20}(?:yok say|unut|görmezden)",
        rf"\bfrom (?:now|here) on,? you\b[^.!?\n]{{0,20}}\b(?:{SAY}|talk|act|behave)\b"
        r"[^.!?\n]{0,10}\b(?:like|as) (?:an?|if|the)\b",
        r"\byour new (?:instructions?|directives?)(?: is| are|:)",
        r"\bcomply with the (?:next|following)\b",
        rf"\b{DROP}\b(?![^.!?\n]{{0,20}}\b(?:my|our)\b)[^.!?\n]{{0,20}}?\b(?:your|above|previous|prior|"
        rf"earlier|preceding|initial|original)\b[^.!?\n]{{0,30}}?\b{TOLD}\b",
        rf"\b{DROP}\b[^.!?\n]{{0,20}}?\b(?:all|any|every|other)\b[^.!?\n]{{0,30}}?"
        r"\b(?:instructions?|prompts?|directives?|guidelines|context)\b",
        rf"\b{DROP}\b[^.!?\n]{{0,20}}?\b{TOLD} above\b",
        rf"\b{DROP} (?:all|everything|what)\b(?! (?:i|we|he|she)\b)[^.!?\n]{{0,20}}?"
        r"\b(?:above(?! \w)|you know|you (?:were|have been|are) told)\b",
        rf"\b{DROP} (?:all (?:of )?)?(?:the|this)? ?above\W+(?:\w+\W+)?{SAY}\b",
        rf"\b{BEFORE} {TOLD}\b[^.!?\n]{{0,10}}\b(?:no longer appl|(?:is|are) (?:void|cancelled|"
        r"canceled|obsolete|revoked|superseded))",
        r"\b(?:act|behave|pretend|answer) as (?:if|though)\b[^.!?\n]{0,20}\b(?:history|instructions"
        r"|profile|context)\b",
        rf"\byou (?:will|shall|must) now (?:act|role-?play|behave|pretend|{SAY})\b",
        r"\byou are (?:now )?(?:dan\b|free of (?:any|all) (?:rules|restrictions?))",
        r"\b(?:admin|administrator|system|developer|emergency|manual) override\b",
    ),
    "role_tags": (
        r"^[^\S\n]*(?:system|developer) (?:message|prompt|note):",
        r"^[^\S\n]*system:[^\n]{0,200}"
        r"\b(?:from now on|answer|reply|respond|you are (?:now )?an?)\b",
        r"<\|[a-z_]{2,30}\|>|<(?:start|end)_of_turn>|\[/?inst\]|<</?sys>>",
        r"</?(?:system|assistant|developer)>|\[(?:system|assistant|developer|admin)\b[^\]\n]{0,30}\]",
        r"\"role\"\s*:\s*\"(?:system|assistant|user|developer|tool)\"",
        r"^[^\S\n]*assistant:|^[^\S\n]*(?:human|user):[\s\S]{0,400}?\n[^\S\n]*(?:assistant|ai|model):",
    ),
    "tool_call": (
        r"</?(?:tool_calls?|function_calls?|function=|invoke\b|tool_use|tool_response)",
        r"<tool\b|</tool>|\btool (?:result|output|response)\s*:",
        r"\"(?:tool_calls|function_call|tool_use)\"\s*:",
        r"\"(?:name|function|tool)\"\s*:\s*\"[^\"]{1,60}\"\s*,\s*\"(?:arguments|parameters|args|input)\"\s*:",
        r"^[^\S\n]*action:[^\n]{1,80}\n[^\S\n]*action input:",
        r"\b(?:default_api|functions)\.\w{1,40}\(",
        r"必须(?:执行|调用)",
    ),
    "links": (
        r"https?://[^\s)]{3,200}[?&][\w-]{1,30}=(?:[{<\[(]|%7b|%3c|\$\{|(?:user_?"
        r"name|name|city|profile|history|data|secret|e?mail|summary|token)\b)",
        r"\b(?:tell|ask|urge) the (?:user|person|customer)s? to\b[^.!?\n]{0,60}https?://",
        r"https?://\S{3,200}+[^.!?\n]{0,40}\b(?:filled in|with the (?:person|user)'s)\b",
        r"\b(?:add|append|attach|embed|include|insert|load|show|display|render|put|end)\b[^.!?\n]"
        rf"{{0,60}}\b(?:your|every|each|any|all|the) {REPLY}\b[^.!?\n]{{0,60}}"
        r"(?:https?://|!\[|\blinks?\b|\bpicture\b|\bimage\b)",
        r"\b(?:add|append|attach|embed|include|insert|load|show|display|render|put|shown)\b[^\n]"
        rf"{{0,200}}\b(?:in|to|into|with) (?:your|every|each|any|all|the) {REPLY}\b",
        r"\b(?:send|e?mail|post|upload|forward)\b[^.!?\n]{0,40}\b(?:history|profile|conversation|"
        r"summary|system prompt)\b[^.!?\n]{0,40}\bto\b[^.!?\n]{0,20}(?:https?://|\S{1,40}@\S)",
        r"\bfüge (?:jeder|allen) antwort|à chaque réponse|cada respuesta.{0,60}https?://",
    ),
    "recommend": (
        rf"\b(?:{AI}|recommenders?) (?:must|shall|has to|have to|will now|is required to)\b"
        r"[^.!?\n]{0,30}?\b(?:recommend|choose|pick|select|rate|rank|suggest|prefer|put)\b",
        rf"\b{AI}\b[^.!?\n]{{0,40}}\b(?:must|should|shall)\b[^.!?\n]{{0,20}}"
        r"\b(?:describe|list|mention|treat) (?:it|this)\b",
        r"\b(?:note|message|instructions?|attention|memo|written)(?: to self)?(?: to| for|,)? "
        rf"(?:the |all |any )?(?:{AI}|claude|gemini)\s*[:,!]",
        rf"\bif you are an? {MODEL}\b",
        rf"\b{MODEL}s?\s*:\s*(?:please )?(?:always )?(?:rank|rate|pick|tag|{SAY})\b",
        r"\bki-assistent\w* (?:müssen|sollen)",
        r"(?:ai|助手|模型).{0,8}(?:必须|始终|务必).{0,6}(?:推荐|选择)",
    ),
    "delimiter": (
        r"</(?:history|context|profile|guidance|instructions?|user_data|user_history|data)\s*>",
        r"\n[^\S\n]*- \[\d{4}-\d\d-\d\d, ",
        r"[-=#*]{3}\s*(?:end|begin|start) (?:of )?(?:the )?"
        r"(?:user )?(?:history|context|data|document|user input|instructions|transcript)",
        r"\b(?:history|context|user data) ends here\b",
        r"^[^\S\n]*profile of this person:",
    ),
    "authority": (
        r"\b(?:security|urgent)\b[^\n]{0,60}\badministrator\b[^\n]{0,40}"
        rf"\b(?:you must|required to) {SAY}\b",
        r"\bowner of (?:this|the) account\b[^\n]{0,40}\b(?:allow|permit|authori[sz]e|order) you\b",
        r"\b(?:safety|content) filters? (?:is|are) (?:off|disabled|lifted)\b",
        r"\b(?:sudo|dan|jailbreak) mode\b",
        r"\byou are (?:now )?in (?:developer|debug|god|root|admin) mode\b",
    ),
    "planting": (
        r"プロフィールに.{0,20}(?:この人|ユーザー).{0,40}書(?:いて|け)",
        r"\b(?:this|the) (?:user|person|customer)\b[^!?\n]{0,80}\b(?:mention it whenever|"
        r"always (?:bring it up|mention))\b",
        r"\bremember for all (?:future|later) (?:answers|replies|sessions|conversations)\b",
        r"\b(?:update|overwrite|edit|change) your (?:long-term )?memory\b",
        r"\b(?:save|add|commit|write) (?:this )?to (?:your )?(?:long-term )?memory\b",
        r"\b(?:this|the) (?:person|user|customer)'s (?:profile|description|persona|summary)\b",
        r"(?:^|[.!:;]\s*)profile note\b",
        r"\b(?:in|of) every (?:summary|profile|description) of (?:them|him|her|this|the)\b",
    ),
    "encoded": (
        r"\b(?:decode|decipher|base ?64|rot ?13|hex)\b[^\n]{0,60}\b(?:obey|do what it says|"
        r"follow it|act on it|execute it|carry it out|and (?:obey|follow))\b",
    ),
    "abstention": (
        r"\b(?:answer|reply to|respond to) (?:every|all|any) (?:questions?|messages?)\b[^\n]{0,20}"
        r"\b(?:with|by|that)\b",
        r"\b(?:responde siempre|réponds? toujours|antworte immer|всегда отвечай)\s*:",
        r"\b(?:when|whenever|if) (?:you are )?asked about (?:this|the) (?:person|user|customer)\b",
        rf"\b{MODEL} (?:must|has to|should|shall|will) "
        r"(?:refuse|decline|not answer|stay silent)\b",
    ),
    "prompt_leak": (
        r"\b(?:repeat|print|reveal|show|output|display|recite|quote|copy|translate|leak|dump|"
        rf"disclose|give me|tell me)\b[^.!?\n]{{0,40}}?\b{SECRET}\b",
        r"\b(?:top|start|beginning) of (?:this|our) (?:conversation|prompt)\b[^\n]{0,40}"
        r"\b(?:print|repeat|output|show|copy)\b",
        r"\b(?:sentence|text|words) (?:of the text )?(?:that )?you were given before\b",
        r"(?:message|prompt|invite|consignes?) système|systemprompt|mensaje (?:del|de) sistema",
        r"системн\w{1,4} (?:промпт|сообщени|инструкц)|系统提示|システムプロンプト",
    ),
}
"""What nobody says to people."""
