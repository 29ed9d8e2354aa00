"""What sounds like an order to the model, and may be a remark: "From now on, only decaf for me"."""

import re

from guided_profile.tools.safety.patterns import MODEL, REPLY, SAY

AMBIGUOUS: dict[str, tuple[str, ...]] = {
    "override": (
        r"\b(?:your )?new (?:instructions?|task|role|goal|objective|directive)s?(?: is| are|:)[^\n]"
        rf"{{0,60}}?\b(?:you|your|be|stop|{SAY})\b",
        r"\b(?:answer|respond|reply)\W+(?:only|solely|exclusively|just)\W+"
        r"(?:with|the word|like)\b",
        rf"\b{SAY}\b[^.!?\n]{{0,40}}\band nothing else\b",
        r"\b(?:real|actual|true) task(?: is|:)",
        rf"(?:^|[.!:;,]\s*)instead,? (?:please |just |only )*{SAY}\b",
        rf"\b(?:end|begin|start|finish) (?:every|each|all|any) (?:of your )?{REPLY}",
        r"\bthe answer is always\b",
        r"\byour (?:whole|only|entire|final) (?:answer|reply|response|output) (?:is|must|has to)\b",
        rf"\b(?:every|each) {REPLY} (?:that )?you (?:write|give|make)\b",
        rf"\bfrom (?:now|here) on,? (?:you )?(?:will|must|shall|only|always|are to|{SAY})\b",
        r"\b(?:comply with|obey) (?:user|all|any|every|the next|the following|this|these|my)\b",
        r"\b(?:do not|don't) (?:summari[sz]e|profile|analy[sz]e|categori[sz]e) this\b",
        r"\b(?:ignoriere?|vergiss|missachte|negeer)\b[^.!?\n]{0,40}(?:oben|obige|bisherig|vorherig|"
        r"anweisung|vorgaben|instruktion|instructies)",
        r"\b(?:ignor[ae]|olvid[ae]|descart[ae]|dimentica|esqueça|desconsidere)\b[^.!?\n]{0,40}"
        r"(?:instruc|instruç|istruzion|indicac|anterior|precedent|arriba|acima|sopra)",
        r"\b(?:glem|ignorer|ignorera|glöm|ignoruj\w{0,9}|zapomeň\w{0,9})\b[^.!?\n]{0,40}(?:instruks|instrukti|"
        r"tidligere|ovenfor|ovan|tidigare|pokyn|předchoz)",
        r"\b(?:ignore[zr]?|oublie[zr]?|néglige[zr]?)\b[^.!?\n]{0,40}(?:instructions|consignes|précèd|précéd|"
        r"ci-dessus|au-dessus)",
        r"\b(?:antworte (?:nur|ausschließlich|immer)|responde (?:solo|sólo|solamente|siempre)|"
        r"responda (?:apenas|somente|sempre)|rispondi (?:solo|soltanto|sempre)|"
        r"réponds? (?:seulement|uniquement|toujours))\b",
        r"(?:игнорир|забуд)\w{0,12}[^.!?\n]{0,40}(?:инструкц|указани|выше|предыдущ|правил)",
        r"отвечай(?:те)? (?:только|всегда)|ответь(?:те)? только",
        r"(?:忽略|无视|忘记|忘掉|無視).{0,12}(?:指令|指示|说明|内容|規則|规则|提示)",
        r"(?:只|仅)(?:输出|回答|回复)",
        r"(?:指示|命令|ルール|内容).{0,6}(?:無視|忘れ)|とだけ?(?:答え|返信|回答|出力)",
        r"(?:지시|명령|내용).{0,8}(?:무시|잊)|(?:تجاهل|انس).{0,30}(?:التعليمات|السابق|أعلاه)",
        r"निर्देश.{0,20}(?:अनदेखा|नज़रअंदाज़|भूल)",
    ),
    "role_tags": (
        r"#{2,4} ?(?:instructions?|system|response|assistant|human|user|new (?:task|conversation))"
        r"\b",
        r"^[^\S\n]*(?:system|developer)(?: (?:message|prompt|note))?:[^\n]{0,200}"
        rf"\b(?:you|your|always|from now on|{SAY})\b",
    ),
    "links": (
        r"\b(?:send|e?mail|post|upload|forward)\b[^.!?\n]{0,40}\bit\b[^.!?\n]{0,40}\bto\b"
        r"[^.!?\n]{0,20}(?:https?://|\S{1,40}@\S)",
    ),
    "recommend": (
        r"\b(?:note|message|attention|memo)(?: to| for|,)? the assistants?\s*[:,!]",
        rf"\b{MODEL} (?:must|should|shall|has to|have to|need to|will now|is required to)\b"
        r"[^.!?\n]{0,30}?\b(?:recommend|choose|pick|select|rate|rank|suggest|prefer|put)\b",
        rf"\b(?:any|all|every) (?:\w+ )?(?:models?|{MODEL}) (?:must|shall|has to|reading this)\b",
        rf"\b(?:recommender|{MODEL})\b[^.!?\n]{{0,20}}\bhas to\b",
        rf"\b{MODEL}\b[^.!?\n]{{0,40}}\b(?:must|should|shall)\b[^.!?\n]{{0,20}}"
        r"\b(?:describe|list|mention|treat)\b",
        r"\byou must (?:recommend|list|rank|put|place) (?:it|this|us|our)\b",
        r"\b(?:you|must) always (?:recommend|choose|select|pick|rank) (?:this|the|our|me|it)\b",
        r"\b(?:must|have to) (?:select|choose|pick|recommend) this (?:option|product|item)\b",
    ),
    "authority": (
        r"\b(?:all|every) models? (?:shall|must)\b",
        r"\b(?:i am|i'm|this is|as|from|by) (?:the|your|an?) (?:developers?|account owner|"
        r"(?:system )?administrator|admin|operator|creator)\b[^\n]{0,80}"
        r"\b(?:authori[sz]e you|require you|order you|command you|instruct you|comply|obey)\b",
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
        r"\b(?:describe|present|portray|tag|mark|label|classify|treat) (?:this|the) "
        r"(?:person|user|customer) as\b",
        r"\bschreibe?\b.{0,15}\bprofil\b.{0,10}\bdass\b",
        r"\bescribe en el perfil\b|écris dans le profil",
        r"プロフィールに.{0,40}書(?:いて|け)",
        r"(?:在|把|写入|写进).{0,20}(?:档案|画像|个人资料).{0,10}(?:写|记录)",
    ),
    "abstention": (
        r"\b(?:always|only|must) (?:answer|reply|respond)\b[^\n]{0,40}\b(?:sorry|i can't|i cannot|"
        r"i don't know|unable)\b",
        r"\b(?:do not|don't|never) answer (?:any|all|the user'?s?|every) questions?\b",
        r"\b(?:reply|answer|respond) that you (?:don't|do not|can't|cannot|are unable)\b",
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
        r"disclose|give me|tell me)\b[^.!?\n]{0,40}?\b(?:your (?:instructions|guidelines|context)|"
        r"instructions you (?:got|were given|received|have))\b",
        r"\b(?:repeat|print|output|recite|quote)\b[^.!?\n]{0,20}"
        r"\b(?:everything|all|the text|the words)\b[^.!?\n]{0,20}\babove\b",
        r"\bwhat (?:are|were) your (?:system |initial |original )?(?:instructions|prompt|rules)\b",
    ),
}
"""What may be said to a person too: an order if the text speaks of a model's work elsewhere."""
MODELS_WORK = re.compile(
    rf"\b(?:{MODEL}|answer(?:s|ed|ing)?|repl(?:y|ies)|responses?|outputs?|summar(?:y|ies)|"
    r"respond|print|recite|role-?play|instructions|"
    r"prompts?|guidelines|context|conversation|history|profile|persona|recommend\w*|"
    r"(?:this|the) (?:user|person|customer)|this (?:product|option)|questions?|write the word|"
    r"code word|task|"
    # German, Spanish, French, Portuguese, Italian, the north, Polish
    r"antwort\w*|anweisung\w*|schreibe?|diese person|das wort|respuesta|responde[rn]?|escrib[ae]|"
    r"la palabra|esta persona|réponse|réponds|répondez|écri(?:s|ve[zr]?)|dis|le mot|"
    r"cette personne|escreva|responda|scrivi|rispondi|skriv|napiš\w*|napisz)\b"
    r"|ответ|отвеч|напиши|слово|профил|инструкц|答|出力|回复|输出|推荐|書い|この人|指示|指令|답|쓰|लिख|اكتب"
)
"""The words of what is asked of a model."""
