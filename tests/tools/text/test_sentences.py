import pytest

from guided_profile.tools.text.sentences import split_sentences

PROFILES = [
    ["They moved to St. Petersburg in May.", "They served in the U.S. Navy."],
    ["They collect books by J. R. R. Tolkien.", "They like hot drinks, e.g. tea."],
    ["They run 3.5 km at 5 a.m. every day.", "They use Yahoo! Mail.", "They use .NET and ASP.NET."],
    ['They said "I hate flying." often.', "Do they cook?", "Yes, they do!"],
    ["Dr. Smith treats them.", "They work at Acme Inc. in Boston."],
    ["Er wohnt in St. Pölten.", "Er trinkt z. B. Tee, Saft usw. und mag Dr. Müller."],
    ["Sie wurde im 19. Jahrhundert geboren.", "Über das Wetter klagt sie nie."],
    ["Élodie habite à Lyon.", "M. Dupont est son voisin.", "« J'aime Paris. »", "Elle lit."],
    ["¿Tiene un gato?", "¡Sí!", "El Sr. García vive en EE. UU. desde 2010."],
    ["O Sr. Silva mora em Lisboa.", "É vegetariano."],
    ["Il dott. Rossi la cura.", "È allergica alle noci."],
    ["Mieszka przy ul. Długiej 5 w Krakowie.", "Ósmego maja kupiła psa."],
    ["Она живёт в г. Казани.", "Она читает А. С. Пушкина.", "Ей 30 лет."],
    ["Вона живе у Львові.", "Її кіт спить.", "Чи п'є вона каву?"],
    ["Μένει στην Αθήνα.", "Έχει μια γάτα."],
    ["هل لديه قطة؟", "نعم، اسمها لونا.", "يحب القهوة."],
    ["وہ لاہور میں رہتا ہے۔", "اسے چائے پسند ہے۔"],
    ["היא גרה בתל אביב.", "יש לה חתול."],
    ["वह दिल्ली में रहता है।", "डॉ. शर्मा उसके डॉक्टर हैं।", "क्या उसके पास बिल्ली है?"],
    ["সে ঢাকায় থাকে।", "সে চা পছন্দ করে।"],
    ["እሱ በአዲስ አበባ ይኖራል።", "ድመት አለው።"],
    ["이 사람은 서울에 산다.", "고양이를 키운다.", "이름은 루나이다!"],
    ["They are friendly.", "Vegetarian.", "Retired."],
    ["Köpeği var.", "Çalışıyor.", "Ankara'da oturuyor."],
]


@pytest.mark.parametrize("sentences", PROFILES)
def test_sentences_end_where_they_end_in_their_language(sentences: list[str]) -> None:
    assert split_sentences(" ".join(sentences)) == sentences


@pytest.mark.parametrize(
    "sentences",
    [
        ["この人は東京に住んでいる。", "猫を飼っている。", "「飛行機は嫌いだ。」と言っていた。"],
        ["这个人住在杭州。", "他有一只猫！", "猫叫露娜吗？", "他说：“我讨厌坐飞机。”"],
    ],
)
def test_scripts_without_spaces_have_sentences_too(sentences: list[str]) -> None:
    assert split_sentences("".join(sentences)) == sentences


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        (
            "1. They run.\n2) They cook.\n- They read.\n* [x] They swim.",
            "They run. They cook. They read. They swim.",
        ),
        (
            "１．他喝茶。\n２、他跑步。\n3.他画画。\n• 他有猫。\n④他读书。",
            "他喝茶。 他跑步。 他画画。 他有猫。 他读书。",
        ),
        ("1. They run. 2. They cook.", "They run. They cook."),
        ("# Profile\nProfile:\n**Habits:**\nThey run.\n個人檔案：\n---\n```", "They run."),
        ("They like:\n- tea", "tea"),
        ("**They run.**\n- *They cook.*\n__They read.__", "They run. They cook. They read."),
        ("> They run.\n3.5 km is short.", "They run. 3.5 km is short."),
        ("They run.  They cook.\n\n\nThey run.\nthey run.", "They run. They cook."),
        ("they run. they cook", "they run. they cook"),
        (" \n", ""),
    ],
)
def test_marks_headings_and_repetitions_go(text: str, sentences: str) -> None:
    assert " ".join(split_sentences(text)) == sentences


@pytest.mark.parametrize(
    "sentences",
    [
        ["They own cookware. [2, 5]", "They own a cat [3].", "They run. (3)", "They read. [1] [4]"],
        ["يحب القهوة. [2، 5]", "لديه قطة."],
        ["वह दिल्ली में रहता है। [१, २]", "उसे चाय पसंद है।"],
        ["They like tea, e.g. [2] green tea.", "They said (twice!) that they run."],
    ],
)
def test_a_citation_belongs_to_the_sentence_before_it(sentences: list[str]) -> None:
    assert split_sentences(" ".join(sentences)) == sentences


def test_a_citation_may_stand_without_a_space_or_on_a_line_of_its_own() -> None:
    assert split_sentences("他养猫。[2]他跑步。（3）") == ["他养猫。[2]", "他跑步。（3）"]
    assert split_sentences("They run.\n[2, 5]\nThey cook.") == ["They run. [2, 5]", "They cook."]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("They run. They cook and they are also very", ["They run."]),
        ("他喜欢茶。他还", ["他喜欢茶。"]),
        ("वह दौड़ता है। वह", ["वह दौड़ता है।"]),
        ("They run. They cook. [2, ", ["They run.", "They cook."]),
        ("They run. They cook. [2, 5]", ["They run.", "They cook. [2, 5]"]),
        ('They run. They say "no."', ["They run.", 'They say "no."']),
        ("They run. They run. They r", ["They run."]),
        ("They cook and", ["They cook and"]),
    ],
)
def test_a_sentence_that_the_token_limit_cut_off_is_left_out(
    text: str, sentences: list[str]
) -> None:
    assert split_sentences(text, cut_off=True) == sentences
