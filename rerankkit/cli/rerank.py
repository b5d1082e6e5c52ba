"""`rerankkit rerank`."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rerankkit.cli.inputs import (
    ENCODERS,
    LLMS,
    backend_option,
    check_tag,
    collection_of,
    collection_option,
    index_option,
    long_queries_option,
    models_option,
    probe_of,
    queries_of,
    topics_option,
)
from rerankkit.cli.jobs import job_of
from rerankkit.cli.places import MODEL, OUTPUT_FILE, InPlace
from rerankkit.cli.stage_options import StageFlags, stage_options
from rerankkit.errors import InputError
from rerankkit.progress import progress, stage
from rerankkit.rerank.store import DEFAULT

if TYPE_CHECKING:
    from rerankkit.roles import Reranker


@click.command(short_help="Score a run's candidates with a reranker.")
@click.option(
    "--model",
    type=MODEL,
    required=True,
    multiple=True,
    help=f"A checkpoint of --models by name, as bert-distilled; {LLMS}, {ENCODERS}, bm25, a folder, a Hugging Face id. "
    "Given several times: a run each.",
)
@click.option("--run", "run_path", required=True, type=click.Path(path_type=Path), help="The first stage's run.")
@topics_option
@index_option
@collection_option
@click.option(
    "--output",
    required=True,
    type=OUTPUT_FILE,
    help="The reranked run, TREC format; {model} stands for the model's name.",
)
@click.option("--depth", type=click.IntRange(1), help="Candidates of each query that are scored; all by default.")
@click.option(
    "--sample", type=click.IntRange(2), help="Score so many of each list, half of them from its top; no tail."
)
@click.option("--seed", default=0, show_default=True, help="Of the sample.")
@click.option("--tail/--no-tail", default=True, show_default=True, help="Keep what lies below the depth, in order.")
@click.option("--tag", help="The run's tag; the model's name by default.")
@click.option(
    "--batch-tokens", type=int, default=4096, show_default=True, help="Padded tokens of a batch, to begin with."
)
@backend_option
@click.option("--dtype", default="auto", show_default=True, help="auto, float32, bf16, float16, int8.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda, cuda:1, mps.")
@click.option("--compile", "compiled", is_flag=True, help="Run cross-encoders by torch.compile; not those of --then.")
@click.option("--max-length", type=int, help="Tokens of a pair; the checkpoint's own by default.")
@click.option("--max-query-tokens", type=int, help="Tokens of a query; the rest of a longer one is left out.")
@long_queries_option
@click.option("--label", type=int, help="The label of relevant pairs, where --model has several; not those of --then.")
@click.option("--any-prompt", is_flag=True, help="Score models of known families by another prompt than their own.")
@click.option(
    "--store",
    type=InPlace(DEFAULT),
    help=f"The score store; no pair in it is scored again.  [default: {DEFAULT}]",
)
@click.option("--no-store", is_flag=True, help="Score every pair, and keep none.")
@stage_options
@models_option
def command(
    model: tuple[str, ...],
    run_path: Path,
    topics: str,
    index: str | None,
    collection: Path | None,
    output: Path,
    depth: int | None,
    sample: int | None,
    seed: int,
    tail: bool,
    tag: str | None,
    batch_tokens: int,
    backend: str,
    dtype: str,
    device: str,
    compiled: bool,
    max_length: int | None,
    max_query_tokens: int | None,
    long_queries: str,
    label: int | None,
    any_prompt: bool,
    store: Path | None,
    no_store: bool,
    models: Path,
    **flags: Any,
) -> None:
    """Score a run's candidates with a reranker and write the run in their new order; scores are raw logits.

    Each finished batch of scores is kept, whatever the run: killed, the same command goes on where it stopped; a
    greater depth, or other queries, cost what is new. See rerankkit store.

    A cascade pays a slow model for the top alone: --then reorders the first ten of the order so far, or --then-depth,
    and keeps them on top. There the run has the later model's scores, below it the earlier one's, moved down by one
    constant a query. --long-docs maxp cuts a long text into overlapping windows, scores each with the title as a pair
    of its own, and keeps the best; sump adds them up, where negative scores count against long documents. What was
    encoded and did not fit --max-length is told at the end.

    Several --model, with {model} in --output, give a run each, as rerankkit fuse takes them; LoRA checkpoints of one
    base share its weights, which are in memory once.

    \b
    Examples:
      rerankkit rerank --model bert-distilled --run runs/bm25.txt --topics topics.tsv --index runs/index \\
        --output runs/bert.txt
      rerankkit rerank --model llm-teacher --run runs/bm25.txt --topics topics.tsv --collection docs.jsonl \\
        --sample 16 --output runs/teacher.txt
      rerankkit rerank --model llm-teacher --model llm-other --run runs/bm25.txt --topics topics.tsv \\
        --index runs/index --output runs/by-{model}.txt
      rerankkit rerank --model bert-distilled --depth 100 --then llm-teacher --then-depth 10 \\
        --run runs/bm25.txt --topics topics.tsv --index runs/index --output runs/cascade.txt
      rerankkit rerank --model bert-distilled --long-docs maxp --window 96 --stride 48 --run runs/bm25.txt \\
        --topics topics.tsv --index runs/index --output runs/maxp.txt
    """
    stages = StageFlags.taken(flags, sample or depth)
    outputs = outputs_of(model, output, tag, stages)
    if store and no_store:
        raise InputError("--store and --no-store are both given", "Give one of them")
    for _, its_tag in outputs:
        check_tag(its_tag)
    from rerankkit.groups.build import groups_of
    from rerankkit.groups.sample import thinned
    from rerankkit.rerank.adapters import load_rerankers
    from rerankkit.rerank.cascade import hits_of, reordered, then
    from rerankkit.rerank.models import load_reranker
    from rerankkit.rerank.reorder import run_of
    from rerankkit.rerank.scoring import Scoring
    from rerankkit.trec import read_run, write_run

    first_stage = read_run(run_path)
    texts = collection_of(index, collection, first_stage)
    tail = tail and sample is None
    names = [*model, *(later.model for later in stages.thens)]
    how = Scoring(device, dtype, batch_tokens, backend=backend, compile=compiled, label=label, any_prompt=any_prompt)
    scoring = replace(how, max_length=max_length, max_query_tokens=max_query_tokens, long_queries=long_queries)
    probe = probe_of(first_stage, topics, texts)
    place = None if no_store else store or DEFAULT
    depths = (sample or depth, *(later.depth for later in stages.thens))
    jobs = [job_of(first_stage, topics, texts, most, place) for most in depths]
    rerankers = [
        *load_rerankers(model, scoring, models, probe, jobs[0]),
        *(
            load_reranker(later.model, later.scoring(scoring), models, probe, job)
            for later, job in zip(stages.thens, jobs[1:], strict=True)
        ),
    ]
    with ExitStack() as stack:
        scorers = [
            stages.whole(stack.enter_context(paid_once(reranker, place, name, models)), reranker)
            for reranker, name in zip(rerankers, names, strict=True)
        ]
        for number, (name, scorer, (path, its_tag)) in enumerate(zip(model, scorers, outputs, strict=False), 1):
            groups = groups_of(first_stage, queries_of(topics), texts, depth)
            ranked = reordered(groups if sample is None else thinned(groups, sample, seed), scorer)
            for later, its_scorer in zip(stages.thens, scorers[len(model) :], strict=True):
                ranked = then(ranked, its_scorer, later.depth)
            told = " and ".join((name, *names[len(model) :]))
            counts = None if stages.thens else getattr(scorer, "counts", None)  # by the pair, else by the query
            total = len(first_stage) if counts is None else jobs[0].pairs
            with stage(number, len(model)):
                results = progress(hits_of(ranked), f"reranking by {told}", total, counts)
                write_run(run_of(first_stage, results, depth, tail, its_tag), path)
            click.echo(f"{path}")


def outputs_of(names: Sequence[str], output: Path, tag: str | None, stages: StageFlags) -> list[tuple[Path, str]]:
    """Where each model's run goes, and its tag; InputError where two would go to the same place, or share a tag."""
    outputs = [Path(str(output).replace("{model}", Path(name).absolute().name)) for name in names]
    if len(set(outputs)) < len(outputs):
        raise InputError(
            f"{len(names)} --model and one --output",
            "Write {model} where their names shall stand, as runs/{model}.txt, and give none twice",
        )
    if tag is not None and len(names) > 1:
        raise InputError(f"--tag {tag} for {len(names)} models", "Leave it out: each run has its model's name")
    return [(path, tag or stages.tag(name)) for path, name in zip(outputs, names, strict=True)]


@contextmanager
def paid_once(reranker: "Reranker", path: Path | None, model: str, models: Path) -> "Iterator[Reranker]":
    """The reranker behind its store, which tells at the end where the scores came from; without a path, as it is.

    One that does not say what its scores follow from, such as the first stage, is left as it is too.
    """
    from rerankkit.rerank.paid import behind
    from rerankkit.rerank.store import Store
    from rerankkit.roles import Storable

    if path is None or not isinstance(reranker, Storable):
        yield reranker
        return
    with closing(Store(path)) as store:
        stored = behind(store, reranker, model, models)
        try:
            yield stored
        except (KeyboardInterrupt, SystemExit):
            if stored.computed:
                click.echo(
                    f"\nStopped. Scores of finished batches are kept in {path}: the same command goes on.", err=True
                )
            raise
    click.echo(f"{stored.found:,} scores came from {path}, {stored.computed:,} were computed", err=True)
