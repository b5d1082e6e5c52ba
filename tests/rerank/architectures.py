"""Tiny models of a dozen architectures with their tokenizers, as transformers saves them."""

from pathlib import Path
from typing import Any

import torch

SIZES = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
STILL = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
WORDPIECE = {"vocab_size": 100, "max_position_embeddings": 64, "pad_token_id": 0}
ROBERTA = {"vocab_size": 300, "max_position_embeddings": 130, "pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2}
DECODER = {"vocab_size": 300, "max_position_embeddings": 128, "num_key_value_heads": 1, "pad_token_id": 1}
ARCHITECTURES: dict[str, tuple[str, dict[str, Any]]] = {
    "Bert": ("wordpiece", {**WORDPIECE, **STILL}),
    "Electra": ("wordpiece", {**WORDPIECE, **STILL, "embedding_size": 16}),
    "DistilBert": (
        "wordpiece",
        {**WORDPIECE, "dim": 32, "n_layers": 2, "n_heads": 2, "hidden_dim": 64, "seq_classif_dropout": 0.0},
    ),
    "Albert": ("wordpiece", {**WORDPIECE, **STILL, "embedding_size": 16}),
    "DebertaV2": (
        "wordpiece",
        {**WORDPIECE, **STILL, "relative_attention": True, "pos_att_type": ["p2c", "c2p"], "type_vocab_size": 0},
    ),
    "ModernBert": ("wordpiece", {**WORDPIECE, "cls_token_id": 2, "sep_token_id": 3, "global_attn_every_n_layers": 2}),
    "Roberta": ("roberta", {**ROBERTA, **STILL, "type_vocab_size": 1}),
    "XLMRoberta": ("roberta", {**ROBERTA, **STILL, "type_vocab_size": 1}),
    "Camembert": ("roberta", {**ROBERTA, **STILL, "type_vocab_size": 1}),
    "MPNet": ("roberta", {**ROBERTA, **STILL}),
    "Llama": ("decoder", DECODER),
    "Qwen3": ("decoder", {**DECODER, "head_dim": 16}),
}
"""Class -> its tokenizer and its configuration beside SIZES."""


def byte_level(pair: str, prefix: str) -> Any:
    """A tokenizer of bytes with `<s>` 0, `<pad>` 1, `</s>` 2, and this template."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    words = [*special, *sorted(pre_tokenizers.ByteLevel.alphabet())]
    made = Tokenizer(models.BPE({word: i for i, word in enumerate(words)}, []))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    made.post_processor = processors.TemplateProcessing(
        single=prefix, pair=pair, special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    names = {"bos": "<s>", "eos": "</s>", "cls": "<s>", "sep": "</s>", "pad": "<pad>", "unk": "<unk>", "mask": "<mask>"}
    return PreTrainedTokenizerFast(
        tokenizer_object=made,
        model_max_length=128,
        model_input_names=["input_ids", "attention_mask"],
        **{f"{name}_token": token for name, token in names.items()},
    )


def save_architecture(name: str, head: str, tiny_bert: Path, folder: Path) -> Path:
    """A model of a class such as `Bert` with a head such as `ForSequenceClassification`, weights by seed 0."""
    import transformers

    kind, settings = ARCHITECTURES[name]
    tokenizers = {
        "wordpiece": lambda: transformers.AutoTokenizer.from_pretrained(tiny_bert),
        "roberta": lambda: byte_level("<s> $A </s> </s> $B </s>", "<s> $A </s>"),
        "decoder": lambda: byte_level("<s> $A </s> $B </s>", "<s> $A </s>"),
    }
    sizes = {**SIZES, **settings, "initializer_range": 0.2}
    config = getattr(transformers, f"{name}Config")(**sizes, **({"num_labels": 1} if "Class" in head else {}))
    torch.manual_seed(0)
    getattr(transformers, f"{name}{head}")(config).eval().save_pretrained(folder)
    tokenizers[kind]().save_pretrained(folder)
    return folder
