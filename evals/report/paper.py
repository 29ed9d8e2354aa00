"""The paper's figures, in percent, for the methods of the same name.

Zhang, "Guided Profile Generation Improves Personalization with LLMs" (2024, arXiv 2409.13093);
gpt-3.5-turbo-1106, temperature 0, 100 new tokens. Its Table 4 counts what its Table 1 scores, and
does not agree with it to the point (GPG 64.04 and 65.08); both stand here as printed.
"""

ACCURACY = {
    "random": 25.00,
    "dg": 47.55,
    "dg0": 31.65,
    "pg": 54.98,
    "pg-nopc": 51.86,
    "gpg": 65.08,
    "gpg-nopc": 58.25,
    "gpg-g": 61.96,
    "gpg-g-nopc": 59.14,
    "g": 51.71,
    "g-nopc": 48.44,
}
"""Preference prediction: Tables 1 and 3."""

OUTCOMES = {
    "dg0": (27.79, 55.27, 16.94),
    "dg": (41.46, 32.39, 26.15),
    "pg": (52.30, 34.92, 12.78),
    "gpg": (64.04, 31.20, 4.75),
}
"""Preference prediction: correct, incorrect, abstained. Table 4."""

_WORDS = ("rouge-1", "rouge-2", "meteor", "rouge-l", "bleu")
_TABLE_3_TEXT = {
    "dg": (35.21, 14.27, 42.22, 32.46, 10.43),
    "dg0": (33.40, 12.74, 40.76, 30.86, 9.27),
    "pg": (35.97, 14.88, 43.59, 33.25, 11.09),
    "pg-nopc": (34.25, 13.57, 42.04, 31.65, 9.95),
    "gpg": (36.12, 15.14, 43.87, 33.55, 11.23),
    "gpg-nopc": (33.96, 13.43, 43.50, 31.41, 10.10),
    "gpg-g": (36.56, 15.43, 44.46, 33.99, 11.37),
    "gpg-g-nopc": (35.90, 14.62, 44.45, 33.32, 10.81),
    "g": (35.69, 14.75, 43.07, 33.11, 10.79),
    "g-nopc": (35.04, 13.84, 42.52, 32.42, 10.10),
}
PARAPHRASE = {
    method: dict(zip(_WORDS, figures, strict=True)) for method, figures in _TABLE_3_TEXT.items()
}
"""Text paraphrasing: Table 3. Its METEOR knows synonyms, ours does not."""

_TABLE_2 = {
    "dg0": (29.86, 83.09),
    "dg": (32.31, 83.54),
    "pg": (32.66, 83.47),
    "gpg": (32.35, 83.43),
}
DIALOGUE = {
    method: dict(zip(("similarity", "bertscore"), figures, strict=True))
    for method, figures in _TABLE_2.items()
}
"""Dialogue response: Table 2. Its encoders are larger than ours, whose scores lie elsewhere."""


def figures(task: str, method: str) -> dict[str, float]:
    """Return the paper's figures for a method, by measure, in percent; empty if it has none."""
    if task == "preference":
        return {"accuracy": ACCURACY[method]} if method in ACCURACY else {}
    return {"paraphrase": PARAPHRASE, "dialogue": DIALOGUE}.get(task, {}).get(method, {})
