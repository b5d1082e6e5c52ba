"""One way to score pairs, in a process of its own: told by lines on stdin, answers by lines on stdout.

`rerank.py` starts one for each way and lets them work by turns, so that what disturbs the machine disturbs all.
"""

import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

Scorer = Callable[[Sequence[Any]], list[list[float]]]
"""Groups to one list of scores each."""


def yardstick(model: str, folder: Path) -> Scorer:
    """sentence-transformers' CrossEncoder, with its defaults."""
    from sentence_transformers import CrossEncoder

    encoder = CrossEncoder(model, device="cpu")

    def score(groups: Sequence[Any]) -> list[list[float]]:
        pairs = [(group.query.text, _text(one.document)) for group in groups for one in group.candidates]
        scores = iter(encoder.predict(pairs, show_progress_bar=False).tolist())
        return [[next(scores) for _ in group.candidates] for group in groups]

    return score


def _text(document: Any) -> str:
    return f"{document.title}. {document.text}" if document.title and document.text else document.title or document.text


def ours(model: str, folder: Path, backend: str, dtype: str) -> Scorer:
    """rerankkit's own reranker on a backend, in a dtype."""
    from rerankkit.rerank.models import load_reranker
    from rerankkit.rerank.scoring import Scoring

    if backend != "torch":
        model = str(folder / f"{backend}-{dtype}")
    reranker = load_reranker(model, Scoring("cpu", dtype, backend=backend), folder)
    return lambda groups: [list(scores) for scores in reranker.score(groups)]


def load(way: str, model: str, folder: Path) -> Scorer:
    """The scorer of a way's name."""
    if way == "yardstick":
        return yardstick(model, folder)
    return ours(model, folder, *way.split(" "))


def peak() -> float:
    """The most memory so far, in MB; not by getrusage, whose figure a process inherits from the one that started it."""
    told = Path("/proc/self/status").read_text()
    return int(told.partition("VmHWM:")[2].split()[0]) / 2**10


def main() -> None:
    """Loads, then answers: `chunk FROM TO` scores groups together, `list FROM TO` each alone."""
    way, model, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    answers, sys.stdout = sys.stdout, sys.stderr

    def say(**told: Any) -> None:
        print(json.dumps({**told, "peak": peak()}), file=answers)
        answers.flush()

    started = time.perf_counter()
    score = load(way, model, folder)
    loaded = time.perf_counter() - started
    groups = lists(folder)
    score(groups[:1])
    say(load=loaded)
    for line in sys.stdin:
        what, first, last = line.split()
        chosen = groups[int(first) : int(last)]
        if what == "chunk":
            started = time.perf_counter()
            scores = score(chosen)
            say(seconds=time.perf_counter() - started, scores=scores)
        elif what == "list":
            seconds = []
            for group in chosen:
                started = time.perf_counter()
                score([group])
                seconds.append(time.perf_counter() - started)
            say(each=seconds)
        else:  # `many`: so many pairs in a stream, over the same lists again and again with texts of their own
            started = time.perf_counter()
            count = stream(way, model, folder, groups, int(last))
            say(seconds=time.perf_counter() - started, pairs=count)


def stream(way: str, model: str, folder: Path, groups: Sequence[Any], pairs: int) -> int:
    """Scores so many pairs, none of whose texts comes twice; returns how many."""
    from dataclasses import replace

    from rerankkit.rerank.models import load_reranker
    from rerankkit.rerank.scoring import Scoring

    def fresh() -> Any:
        done = turn = 0
        while done < pairs:
            for group in groups:
                candidates = tuple(
                    one._replace(document=one.document._replace(text=f"{turn} {one.document.text}"))
                    for one in group.candidates
                )
                yield replace(group, candidates=candidates)
                done += len(candidates)
                if done >= pairs:
                    return
            turn += 1

    backend, dtype = way.split(" ")
    place = model if backend == "torch" else str(folder / f"{backend}-{dtype}")
    reranker = load_reranker(place, Scoring("cpu", dtype, backend=backend), folder)
    return sum(len(scores) for scores in reranker.score(fresh()))


def lists(folder: Path) -> list[Any]:
    """The folder's lists, with their texts."""
    from rerankkit.collection.documents import load_documents
    from rerankkit.groups.build import groups_of
    from rerankkit.trec import read_run, read_topics

    run, topics = read_run(folder / "run.txt"), read_topics(folder / "topics.tsv")
    return list(groups_of(run, topics, load_documents(folder / "docs.jsonl", None)))


if __name__ == "__main__":
    main()
