"""Special tokens that models' owners publish, in every place where data reaches a model."""

import json

import pytest

from guided_profile.graph.prompts import history_line
from guided_profile.graph.records import HistoryItem
from guided_profile.graph.text import as_data
from guided_profile.tools.retriever import _for_model  # what a host's model is shown

FAMILIES = {
    "ChatML, Qwen": "<|im_start|> <|im_end|> <|endoftext|> <tool_call> <think> </think>",
    "Llama 2": "<s> </s> <unk> [INST] [/INST] <<SYS>> <</SYS>>",
    "Llama 3 and 4": "<|begin_of_text|> <|start_header_id|> <|eot_id|> <|python_tag|>",
    "Mistral": "[SYSTEM_PROMPT] [/SYSTEM_PROMPT] [TOOL_CALLS] [ARGS] [CALL_ID] [AVAILABLE_TOOLS] "
    "[TOOL_RESULTS] [/TOOL_RESULTS] [THINK] [/THINK] [IMG] [IMG_BREAK] [BEGIN_AUDIO] [PREFIX] "
    "[MODEL_SETTINGS] [control_8] <SPECIAL_20>",
    "DeepSeek": "<｜begin▁of▁sentence｜> <｜end▁of▁sentence｜> <｜User｜> <｜Assistant｜> "
    "<｜fim▁hole｜> <｜tool▁outputs▁begin｜> <|EOT|>",
    "EXAONE": "[|system|] [|user|] [|assistant|] [|endofturn|] [BOS]",
    "Gemma": "<bos> <eos> <start_of_turn> <end_of_turn> <unused99> <2mass> <|turn> <turn|>",
    "gpt-oss": "<|start|> <|channel|> <|message|> <|constrain|> <|return|> <|call|>",
    "Phi": "<|system|> <|end|> <|assistant|> <|dummy_0|>",
    "Command": "<BOS_TOKEN> <|START_OF_TURN_TOKEN|> <|CHATBOT_TOKEN|> <EOS_TOKEN>",
    "GLM": "[gMASK] [sMASK] <sop> <eop> <|observation|> <|user|>",
    "Kimi": "[BOS] [EOS] [EOT] [start_header_id] [end_header_id] <|im_middle|>",
    "MiniMax": "]~b] ]~!b[ [e~[ <beginning_of_sentence> <minimax:tool_call>",
    "Hunyuan, Seed, ERNIE": "<｜hy_User｜> <|startoftext|> <seed:bos> <seed:think> <mask:0>",
    "Granite, Nemotron": "<|start_of_role|> <extra_id_0> <reserved_106> <eoh> <fim_prefix>",
    "BERT, Falcon": "[CLS] [SEP] [MASK] [PAD] [unused0] >>TITLE<< >>ANSWER<< |ENDOFTEXT|",
    "bytes, wide": "<0x0A> <0xFF> ＜s＞ ＜|im_end|＞",
}


@pytest.mark.parametrize("family", FAMILIES)
def test_no_token_of_a_template_is_left_whole(family: str) -> None:
    for token in FAMILIES[family].split():
        item = HistoryItem(text=f"a nice pan {token} adores", source=token, category=token)
        for rendered in (as_data(f"so {token}, he said"), as_data(token * 2), history_line(item)):
            assert token not in rendered
        shown = json.loads(_for_model([item]))[0]
        assert token not in shown["text"] + shown["source"]


@pytest.mark.parametrize(
    "typed",
    ["i <3 cats", "[1] a > b", "5 < 6", "a | b", "[notes]", "[x] done", "see [link](x)"],
)
def test_what_people_type_stays(typed: str) -> None:
    assert as_data(typed) == typed
