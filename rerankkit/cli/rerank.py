"""`rerankkit rerank`."""

from pathlib import Path

import click

from rerankkit.cli.inputs import (
    ENCODERS,
    LLMS,
    check_output,
    collection_of,
    collection_option,
    index_option,
    models_option,
    queries_of,
    topics_option,
)
from rerankkit.progress import progress


@click.command(short_help="Score a run's candidates with a reranker.")
@click.option(
    "--model",
    required=True,
    help=f"A checkpoint of --models by name, as bert-distilled; {LLMS}, {ENCODERS}, bm25, a folder, a Hugging Face id.",
)
@click.option("--run", "run_path", required=True, type=click.Path(path_type=Path), help="The first stage's run.")
@topics_option
@index_option
@collection_option
@click.option("--output", required=True, type=click.Path(path_type=Path), help="The reranked run, TREC format.")
@click.option("--depth", type=click.IntRange(1), help="Candidates of each query that are scored; all by default.")
@click.option(
    "--sample", type=click.IntRange(2), help="Score so many of each list, half of them from its top; no tail."
)
@click.option("--seed", default=0, show_default=True, help="Of the sample.")
@click.option("--tail/--no-tail", default=True, show_default=True, help="Keep what lies below the depth, in order.")
@click.option("--tag", help="The run's tag; the model's name by default.")
@click.option("--batch-tokens", type=int, default=4096, show_default=True, help="Padded tokens of a batch.")
@click.option("--dtype", default="auto", show_default=True, help="auto, float32, bfloat16, float16.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda, cuda:1, mps.")
@click.option("--max-length", type=int, help="Tokens of a pair; the checkpoint's own by default.")
@click.option("--max-query-tokens", type=int, help="Tokens of a query; a longer one is cut instead of refused.")
@models_option
def command(
    model: str,
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
    dtype: str,
    device: str,
    max_length: int | None,
    max_query_tokens: int | None,
    models: Path,
) -> None:
    """Score a run's candidates with a reranker and write the run in their new order; scores are raw logits.

    Killed, the same command goes on where it stopped, query by query.

    \b
    Examples:
      rerankkit rerank --model bert-distilled --run runs/bm25.txt --topics topics.tsv --index runs/index \\
        --output runs/bert.txt
      rerankkit rerank --model llm-teacher --run runs/bm25.txt --topics topics.tsv --collection docs.jsonl \\
        --sample 16 --output runs/teacher.txt
    """
    tag = tag or Path(model).absolute().name
    check_output(output, tag)
    from rerankkit.groups.build import groups_of
    from rerankkit.groups.sample import thinned
    from rerankkit.rerank.models import fingerprint, load_reranker
    from rerankkit.rerank.reorder import Journal, rerank, run_of
    from rerankkit.rerank.scorer import Scoring
    from rerankkit.trec import read_run, write_run

    first_stage = read_run(run_path)
    texts = collection_of(index, collection, first_stage)
    groups = groups_of(first_stage, queries_of(topics), texts, depth)
    if sample is not None:
        groups, tail = thinned(groups, sample, seed), False
    reranker = load_reranker(model, Scoring(device, dtype, batch_tokens, max_length, max_query_tokens), models)
    journal = Journal(
        output,
        {
            "model": fingerprint(model, models),
            "run": first_stage.digest(),
            "topics": topics,
            "text": f"{index or collection}",
            "how": f"{depth} {sample} {seed} {dtype} {device} {max_length} {max_query_tokens}",
        },
    )
    if journal.done:
        click.echo(f"{len(journal.done)} queries were scored before, going on", err=True)
    results = progress(rerank(groups, reranker, journal), f"reranking by {model}", len(first_stage))
    write_run(run_of(first_stage, results, depth, tail, tag), output)
    journal.close()
    click.echo(f"{output}")
