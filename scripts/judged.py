"""Collections whose lists are judged whole: topics and qrels of a split, judged documents in BM25's order."""

from pathlib import Path

from rerankkit.run import Run
from rerankkit.trec import read_qrels, read_run, read_topics, write_qrels, write_run, write_topics


def select(source: Path, split: str | None, out: Path, name: str) -> None:
    """`NAME.topics.tsv` and `NAME.qrels.txt` of a split, or of all queries."""
    queries, qrels = read_topics(source / "queries.tsv"), read_qrels(source / "qrels.txt")
    chosen = (source / f"split.{split}.txt").read_text("utf-8").split() if split else list(queries)
    kept = {qid: queries[qid] for qid in chosen if qid in qrels}
    write_topics(kept, out / f"{name}.topics.tsv")
    write_qrels({qid: qrels[qid] for qid in kept}, out / f"{name}.qrels.txt")


def judged_lists(deep: Path, out: Path, name: str) -> None:
    """`NAME.bm25.txt`: each query's judged documents in the order of a deep run, those it did not find at the end."""
    run, qrels = read_run(deep), read_qrels(out / f"{name}.qrels.txt")
    lists = {}
    for qid, grades in qrels.items():
        found = dict(zip(run.docids(qid), run.scores(qid), strict=True)) if qid in run else {}
        order = [docid for docid in found if docid in grades] + sorted(set(grades) - set(found))
        lists[qid] = [(docid, found.get(docid, 0.0)) for docid in order]
    write_run(Run.ranked(lists, "bm25"), out / f"{name}.bm25.txt")
