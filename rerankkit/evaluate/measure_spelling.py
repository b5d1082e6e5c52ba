"""Measures as trec_eval and other programs spell them, and what is refused before a name is parsed."""

import difflib
import re
from collections.abc import Iterator

from rerankkit.errors import InputError

EXAMPLES = "nDCG@10, RR@10, AP(rel=2), R(rel=2)@100, P@5, Success@1, PNR"
LONGEST = 200
"""Characters of a measure's name."""
WHOLE_LISTS = {
    "map": "AP",
    "ndcg": "nDCG",
    "recip_rank": "RR",
    "rprec": "Rprec",
    "bpref": "Bpref",
    "infap": "infAP",
    "num_ret": "NumRet",
    "num_rel": "NumRel",
    "num_rel_ret": "NumRet(rel=1)",
    "num_q": "NumQ",
    "set_p": "SetP",
    "set_recall": "SetR",
    "set_map": "SetAP",
    "set_f": "SetF",
}
"""trec_eval's names, in lower case."""
AT_A_CUTOFF = {"map_cut": "AP", "ndcg_cut": "nDCG", "p": "P", "recall": "R", "success": "Success"}
"""trec_eval's names that a cut-off follows: `ndcg_cut_10`, or `ndcg_cut.10` as on its command line."""
OTHERS = {"mrr": "RR", "precision": "P", "recall": "R", "hit_rate": "Success"}
"""Names of other programs, in lower case, beside those of ir_measures in any case."""
SHAPE = re.compile(r"([\w.]+)(\([^()]*\))?(@[\w.-]+)?")
PLAIN_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?")


def words_of(text: str) -> Iterator[str]:
    """The measures of a text, which stand between spaces; InputError for a word that is no name of a measure.

    A measure is ASCII, its numbers are plain decimals: `nDCG@10_0` would be read as 100.
    """
    for word in re.split(r" +(?![^()]*\))", " ".join(text[: 100 * LONGEST].split())):
        if not word:
            continue
        match = SHAPE.fullmatch(word)
        if not word.replace("α", "a").isascii() or len(word) > LONGEST or match is None:
            raise InputError(f"not a measure: {word[:LONGEST]!r}", _remedy(word))
        rest = (match[2] or "") + (match[3] or "")
        odd = next((it for it in re.findall(r"(?<![\w.'\"])[0-9][\w.]*", rest) if not PLAIN_NUMBER.fullmatch(it)), None)
        if odd is not None:
            raise InputError(f"not a measure: {word!r} ({odd} is not a plain number)", f"Examples: {EXAMPLES}")
        yield word


def _remedy(word: str) -> str:
    if re.search("[\"'‘’“”`]", word[:1] + word[-1:]):
        return "Write it without quotation marks"
    return "Separate measures by spaces" if re.search("[,;]", word) else f"Examples: {EXAMPLES}"


def as_ours(word: str, known: dict[str, str]) -> str:
    """The word with the name that ir_measures has for the measure; `known` are its names by their lower case."""
    lowered = word.lower()
    if lowered in WHOLE_LISTS:
        return WHOLE_LISTS[lowered]
    if match := re.fullmatch(r"([a-z_]+)[_.]([0-9]+)", lowered):
        name, cutoff = match.groups()
        if name in AT_A_CUTOFF and int(cutoff):
            return f"{AT_A_CUTOFF[name]}@{int(cutoff)}"
    if match := re.fullmatch(r"iprec_at_recall[_.]([01]\.[0-9]+)", lowered):
        return f"IPrec@{float(match[1]):g}"
    name = re.split("[(@]", word, maxsplit=1)[0]
    ours = OTHERS.get(name.lower()) or known.get(name.lower()) or name
    return ours + word[len(name) :]


def suggestion(word: str, known: dict[str, str]) -> str:
    """What to do about an unknown name: the nearest known one, or examples."""
    name = re.split("[(@]", word, maxsplit=1)[0]
    if name.lower() in AT_A_CUTOFF:
        return f"Give a cut-off from 1, e.g. {AT_A_CUTOFF[name.lower()]}@10"
    spellings = {**WHOLE_LISTS, **AT_A_CUTOFF, **known, **OTHERS}
    near = difflib.get_close_matches(re.sub(r"[_.]?[0-9.]+$", "", name.lower()), spellings, n=1, cutoff=0.7)
    cutoff = re.search(r"[1-9][0-9]*$", word)
    if near:
        ours = spellings[near[0]]
        return f"Did you mean {ours}@{cutoff[0]}?" if cutoff and "(" not in ours else f"Did you mean {ours}?"
    return f"Examples: {EXAMPLES}"
