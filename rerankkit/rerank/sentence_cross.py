"""Settings of a cross-encoder that sentence-transformers 5.4 and later saves: those that would change its logits."""

from pathlib import Path

from rerankkit.errors import InputError
from rerankkit.io.foreign import Fields, read_json
from rerankkit.rerank.sentence_folder import MODULES, SETTINGS, listed
from rerankkit.rerank.sentence_transformer import SEQUENCES, transformer_settings

WHAT = "settings of sentence-transformers"


def check_settings(checkpoint: str) -> None:
    """Raises InputError, which names the file, for a setting of a folder that would change its logits.

    A folder of transformers alone, and a hub id, have none. Activation functions are left out: scores are logits.
    """
    folder = Path(checkpoint)
    if not (folder / MODULES).is_file():
        return
    modules = listed(folder)
    if (folder / SETTINGS).is_file():
        record = read_json(folder / SETTINGS, WHAT)
        kept = (
            {name: value for name, value in record.items() if value is not None} if isinstance(record, dict) else record
        )
        _check_prompt(Fields(kept, WHAT, folder / SETTINGS), folder / SETTINGS)
    if len(modules) > 1:  # whose head lies in modules of its own
        return
    if modules[0][1]:
        raise InputError(
            f"the transformer lies in {modules[0][1]!r}", "Put its files into the folder itself", folder / MODULES
        )
    told = transformer_settings(folder, SEQUENCES)
    for name, value in (("do_lower_case", told["lower_case"]), ("max_seq_length", told["max_length"])):
        if value:
            raise InputError(f"{name} of a cross-encoder is not supported", "Save it in the tokenizer", folder)


def _check_prompt(told: Fields, path: Path) -> None:
    """Raises InputError for a prompt before every query."""
    name = told.text("default_prompt_name", "")
    prompts = told.table("prompts", {})
    if name and prompts.get(name, "") != "":
        raise InputError(
            f"default_prompt_name {name!r} puts a prompt before queries, which is not supported of cross-encoders",
            "Save the model without a default prompt",
            path,
        )
