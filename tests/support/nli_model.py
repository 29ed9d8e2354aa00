"""A tiny NLI model that is made here and run for real: it weighs the words that two texts share.

A text entails another if it has most of its words and no "not"; with "not" it contradicts it.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.normalizers import Lowercase
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.processors import TemplateProcessing

from guided_profile.tools.embedders.onnx_writer import FLOAT, INT64, Graph

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
WORDS = "not cat dog miso bicycle train piano tea commutes pets 1 2025 yacht".split()
VOCABULARY = {word: number for number, word in enumerate((*SPECIAL, *WORDS))}
INPUTS = ("input_ids", "attention_mask", "token_type_ids")
LABELS = ("contradiction", "entailment", "neutral")
SHARED, NOT, BIAS = range(3)
LOGITS = {
    "entailment": (20.0, -20.0, -14.0),
    "contradiction": (20.0, 20.0, -34.0),
    "neutral": (0.0, 0.0, 0.0),
    "not_entailment": (0.0, 0.0, 0.0),
}
"""What each label's logit makes of the share of words, of a "not", and of nothing."""


def write_model(
    folder: Path, labels: Sequence[str] = LABELS, types: Sequence[int] = (INT64,) * 3
) -> Path:
    """Write a model into a folder, with its outputs in an order, and return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(onnx(labels, dict(zip(INPUTS, types, strict=True))))
    tokenizer().save(str(folder / "tokenizer.json"))
    named = {str(number): label for number, label in enumerate(labels)}
    (folder / "config.json").write_text(json.dumps({"id2label": named, "pad_token_id": 0}))
    return folder


def tokenizer() -> Tokenizer:
    made = Tokenizer(WordLevel(VOCABULARY, unk_token="[UNK]"))
    made.normalizer, made.pre_tokenizer = Lowercase(), Whitespace()
    made.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[(word, VOCABULARY[word]) for word in ("[CLS]", "[SEP]")],
    )
    return made


def onnx(labels: Sequence[str] = LABELS, inputs: dict[str, int] | None = None) -> bytes:
    inputs = inputs or dict.fromkeys(INPUTS, INT64)
    graph = Graph()
    words = np.eye(len(VOCABULARY), dtype=np.float32)
    words[: len(SPECIAL) + 1] = 0  # neither a special token nor "not" is a word to share
    nots = np.zeros((len(VOCABULARY), 1), np.float32)
    nots[[VOCABULARY["not"], VOCABULARY["[PAD]"]]] = 1  # padding that is not masked shows
    graph.constant("words", words)
    graph.constant("nots", nots)
    unit = graph.constant("one", np.ones(1, np.float32))
    last = graph.constant("last", np.array([-1], np.int64))
    tokens = graph.constant("tokens", np.array([1], np.int64))
    weights = np.array([LOGITS[label.casefold()] for label in labels], np.float32).T
    graph.constant("weights", weights[:BIAS])
    graph.constant("bias", weights[BIAS])

    def number(name: str) -> str:
        return graph.node("Unsqueeze", graph.node("Cast", name, to=FLOAT), last)

    mask, second = number(INPUTS[1]), number(INPUTS[2])
    first = graph.node("Mul", mask, graph.node("Sub", unit, second))
    second = graph.node("Mul", mask, second)

    def bag(table: str, where: str) -> str:
        found = graph.node("Mul", graph.node("Gather", table, INPUTS[0]), where)
        return graph.node("ReduceMax", found, tokens, keepdims=0)

    premise, hypothesis = bag("words", first), bag("words", second)
    shared = graph.node("ReduceSum", graph.node("Min", premise, hypothesis), last, keepdims=1)
    wanted = graph.node("ReduceSum", hypothesis, last, keepdims=1)
    share = graph.node("Div", shared, graph.node("Max", wanted, unit))
    known = graph.node("Concat", share, bag("nots", first), axis=1)
    logits = graph.node("Add", graph.node("MatMul", known, "weights"), "bias")
    return graph.model(inputs, logits, ("texts", "labels"))
