"""How many pairs a second an LLM teacher scores, beside the usual transformers loop.

The loop tokenises its texts as they come, pads batches of 16 to the right in the order of the run, and computes in
float32. All sides have the same weights, lists and threads, and run by turns in one process; Kendall's tau a list says
that they rank alike. With `--shared` the lists' queries begin with an instruction of so many tokens.

    python scripts/bench/teacher.py --repeats 3 --threads 1
    python scripts/bench/teacher.py --repeats 3 --threads 1 --shared 63
    python scripts/bench/teacher.py --model TEACHER --given run.txt topics.tsv docs.jsonl --lists 8
    python scripts/bench/teacher.py --model TEACHER --compiled FOLDER --given run.txt topics.tsv docs.jsonl

FOLDER is what `rerankkit export --model TEACHER --format openvino --dtype bf16` wrote.
"""

import argparse
import math
import os
import platform
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from train import WORDS

from rerankkit.types import Candidate, Document, Group, Query

SPREAD = 0.5
"""Of the logarithm of the documents' lengths."""
MOST = 256
"""Tokens of a pair at the most, the instruction not counted."""
USUAL = 16
"""Pairs of a batch of the usual loop."""


def lists(count: int, size: int, mean: int) -> list[Group]:
    """Queries of six drawn words, documents so long that a pair has `mean` tokens on average."""
    words, chance = WORDS.split(), random.Random(0)
    made = []
    for number in range(count):
        asked = " ".join(chance.sample(words, 6))
        candidates = []
        for place in range(size):
            long = round(chance.lognormvariate(math.log(mean - 14) - SPREAD**2 / 2, SPREAD))
            text = " ".join(chance.choices(words, k=max(4, min(long, MOST - 14))))
            candidates.append(Candidate(Document(f"{number}.{place}", "", text), 0.0))
        made.append(Group(Query(str(number), asked), tuple(candidates)))
    return made


def given(files: Sequence[Path], count: int, size: int) -> list[Group]:
    """The first documents of the first lists of a run, with the texts of its topics and documents."""
    from itertools import islice

    from rerankkit.collection.documents import load_documents
    from rerankkit.groups.build import groups_of
    from rerankkit.trec import read_run, read_topics

    run, topics, docs = files
    made = groups_of(read_run(run), read_topics(topics), load_documents(docs, None), size)
    return list(islice((group for group in made if len(group.candidates) == size), count))


def usual(model: Any, tokenizer: Any, before: str, data: Sequence[Group]) -> list[float]:
    """What is commonly written: text, tokenizer, padding, forward."""
    import torch

    from rerankkit.rerank.texts import document_lines, query_line

    texts = [
        before + query_line(group.query) + document_lines(one.document) + tokenizer.eos_token
        for group in data
        for one in group.candidates
    ]
    scores: list[float] = []
    with torch.no_grad():
        for start in range(0, len(texts), USUAL):
            batch = tokenizer(texts[start : start + USUAL], padding=True, return_tensors="pt")
            scores += model(**batch).logits[:, 0].tolist()
    return scores


def sides(options: argparse.Namespace) -> tuple[dict[str, Callable[[Sequence[Group]], list[float]]], Any]:
    """Name -> what scores lists, all with one model; and our scorer."""
    from rerankkit.rerank import llm, prefix
    from rerankkit.rerank.checkpoint import Note, load_sequence_classifier
    from rerankkit.rerank.compiled import open_compiled
    from rerankkit.rerank.pairs import Lengths
    from rerankkit.rerank.scoring import Scoring
    from rerankkit.rerank.weights import base_model
    from rerankkit.train.weights import with_score_head

    if options.model:
        model, tokenizer = load_sequence_classifier(str(options.model))
    else:
        model, tokenizer, _, _ = with_score_head(base_model("smollm2-135m", options.models), seed=0)
    words = (WORDS.split() * 9)[: options.shared]
    before = " ".join(words) + "\n" if words else ""
    encoder = llm.prepare(model, tokenizer, Note("llm", Lengths(MOST + options.shared + 8)))
    beginning = tokenizer(before, add_special_tokens=False)["input_ids"]
    encoder.frame = replace(encoder.frame, prefix=[*encoder.frame.prefix, *beginning])
    scorer = prefix.CausalScorer(model, encoder, Scoring("cpu"))
    least = prefix.LEAST_SAVED

    def ours(data: Sequence[Group], saved: float = least) -> list[float]:
        prefix.LEAST_SAVED = saved
        return [score for scores in scorer.score(data) for score in scores]

    known = {
        "usual loop": lambda data: usual(model, tokenizer, before, data),
        "ours, nothing kept": lambda data: ours(data, 2.0),
        "ours": ours,
    }
    if options.compiled:
        compiled = open_compiled(options.compiled, Scoring("cpu", max_length=encoder.lengths.max_length))
        compiled.encoder.frame = replace(compiled.encoder.frame, prefix=encoder.frame.prefix)
        known["ours, OpenVINO"] = lambda data: [score for scores in compiled.score(data) for score in scores]
    return known, scorer


def agreement(expected: Sequence[float], scores: Sequence[float], size: int) -> list[float]:
    """Kendall's tau of each list."""
    from scipy.stats import kendalltau

    parts = range(0, len(expected), size)
    return [kendalltau(expected[at : at + size], scores[at : at + size]).statistic for at in parts]


def main() -> None:
    """Prints pairs a second of each side, ratios, agreement, and versions."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lists", type=int, default=2, help="[default: 2]")
    parser.add_argument("--size", type=int, default=32, help="Documents of a list.  [default: 32]")
    parser.add_argument("--tokens", type=int, default=75, help="Of a pair, on average.  [default: 75]")
    parser.add_argument("--shared", type=int, default=0, help="Tokens of an instruction before them.  [default: 0]")
    parser.add_argument("--repeats", type=int, default=3, help="Rounds.  [default: 3]")
    parser.add_argument("--threads", type=int, default=1, help="[default: 1]")
    parser.add_argument("--model", type=Path, help="A trained teacher, instead of a fresh head on SmolLM2-135M.")
    parser.add_argument("--compiled", type=Path, help="That teacher's folder for OpenVINO, measured too.")
    parser.add_argument(
        "--given", type=Path, nargs=3, metavar=("RUN", "TOPICS", "DOCS"), help="Lists, not drawn words."
    )
    parser.add_argument("--models", type=Path, default=Path("runs/models"), help="Where weights are unpacked.")
    options = parser.parse_args()
    import torch

    torch.set_num_threads(options.threads)
    os.environ["OMP_NUM_THREADS"] = str(options.threads)  # what OpenVINO goes by
    data = lists(options.lists, options.size, options.tokens)
    if options.given:
        data = given(options.given, options.lists, options.size)
    known, scorer = sides(options)
    pairs = [scorer.encoder.encode(group.query, [one.document for one in group.candidates]) for group in data]
    count, tokens = sum(map(len, pairs)), sum(len(pair.ids) for of in pairs for pair in of)
    for side in known.values():
        side([replace(data[0], candidates=data[0].candidates[:4])])
    times: dict[str, list[float]] = {name: [] for name in known}
    scores: dict[str, list[float]] = {}
    for _ in range(options.repeats):
        for name, side in known.items():
            start = time.perf_counter()
            scores[name] = side(data)
            times[name].append(time.perf_counter() - start)
    dtype = str(scorer.dtype).removeprefix("torch.")
    print(f"{count} pairs of {tokens / count:.0f} tokens in {len(data)} lists; ours in {dtype}; pairs a second:")
    expected, slow = scores["usual loop"], statistics.median(times["usual loop"])
    for name, taken in times.items():
        middle, tau = statistics.median(taken), agreement(expected, scores[name], options.size)
        ranged = f"{count / max(taken):.2f} to {count / min(taken):.2f}"
        print(
            f"{name:20}{count / middle:8.2f} ({ranged}) {slow / middle:6.2f}x  tau {statistics.mean(tau):.4f} "
            f"({min(tau):.4f} to {max(tau):.4f})"
        )
    used = ["rerankkit", "torch", "transformers", *(["openvino"] if options.compiled else ())]
    packages = ", ".join(f"{name} {version(name)}" for name in used)
    told = f"medians of {options.repeats} rounds by turns, {options.threads} threads; {packages}"
    print(f"{told}; Python {platform.python_version()}, {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
