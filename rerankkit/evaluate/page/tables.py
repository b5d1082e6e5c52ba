"""A study's tables as HTML: the comparison by measure, and what the runs hold."""

import math
from collections.abc import Iterable
from html import escape

from rerankkit.evaluate.page.numerals import data, data_p, number, percent
from rerankkit.evaluate.page.verdicts import kind_of, named
from rerankkit.evaluate.study import Outcome, Study

COLUMNS = ("mean", "difference", "interval", "p, t-test", "Holm", "p, random", "Holm", "effect size")
COUNTS = ("wins", "ties", "losses")


def comparison(study: Study) -> str:
    """A group of rows for each measure, the baseline first."""
    heads = ["run", *COLUMNS, *COUNTS, "detectable"]
    groups = "".join(_group(measure, study, len(heads)) for measure in study.baseline.values)
    settings = study.settings
    caption = (
        f"Every run against {named(study.baseline.name)}, paired over queries. The interval is the "
        f"bootstrap’s for {percent(settings.confidence)}; Holm corrects the p-value at its left for all runs and "
        "measures; detectable is the smallest true difference that so many queries would show "
        f"{percent(settings.power)} of the time."
    )
    return _table("comparison", "Comparison", caption, heads, groups)


def _group(measure: str, study: Study, width: int) -> str:
    outcomes = [outcome for outcome in study.outcomes if outcome.measure == measure]
    notes = [f"differences in {escape(one.tested)}" for one in outcomes[:1] if one.tested]
    notes += [
        f"{named(one.system)} over {escape(one.ground)}: {data(one.system_there)} against {data(one.baseline_there)}"
        for one in outcomes
        if one.ground
    ]
    ceiling = study.ceiling.get(measure, math.nan)
    if math.isfinite(ceiling):
        notes.append(f"any reranking reaches {data(ceiling)} at most")
    note = f" <small>{'; '.join(notes)}</small>" if notes else ""
    head = f'<tr><th scope="rowgroup" colspan="{width}">{escape(measure)}{note}</th></tr>'
    empty = "<td></td>" * (width - 2)
    base = _row(study.baseline.name, f"<td>{data(study.baseline.values[measure])}</td>{empty}", "base")
    return f'<tbody data-measure="{escape(measure)}">{head}{base}{"".join(map(_outcome, outcomes))}</tbody>'


def _outcome(one: Outcome) -> str:
    kind = {"gain": ' class="gain-cell"', "loss": ' class="loss-cell"', "open": ""}[kind_of(one)]
    p_values = (one.p_t, one.p_t_holm, one.p_randomisation, one.p_randomisation_holm)
    cells = [
        f"<td>{data(one.system_mean)}</td>",
        f"<td{kind}>{data(one.difference, sign=True)}</td>",
        f"<td>{data(one.low, sign=True)} to {data(one.high, sign=True)}</td>",
        *(f"<td>{data_p(p)}</td>" for p in p_values),
        f"<td>{data(one.effect_size, 2, sign=True)}</td>",
        *(f'<td><data value="{count}">{count}</data></td>' for count in (one.wins, one.ties, one.losses)),
        f"<td>{data(one.detectable)}</td>",
    ]
    return _row(one.system, "".join(cells))


def runs(study: Study) -> str:
    """What each run holds: how much of its top is judged, what is not of the first stage, what its ties leave open."""
    measure = next(iter(study.baseline.values))
    cuts = list(study.judged[study.baseline.name])
    heads = ["run", *(f"judged@{cut}" for cut in cuts), "not in base", f"{measure} as ties fall", "queries lacking"]
    lines = []
    for evaluation in study.evaluations:
        judged = [study.judged.get(evaluation.name, {}).get(cut, math.nan) for cut in cuts]
        outside = 0.0 if evaluation is study.baseline else study.outside.get(evaluation.name, math.nan)
        cells = [*map(percent, judged), percent(outside), _ties(study, evaluation.name, measure)]
        lines.append(_row(evaluation.name, "".join(f"<td>{cell}</td>" for cell in [*cells, len(evaluation.missing)])))
    stage = study.first_stage
    found = (
        f"{named(study.baseline.name)} holds {stage.found} of {stage.positives} documents judged relevant "
        f"in its first {stage.depth} (recall {number(stage.recall)}). No reranking of it finds the others."
    )
    return _table("runs", "Runs", found, heads, f"<tbody>{''.join(lines)}</tbody>")


def _ties(study: Study, name: str, measure: str) -> str:
    low, high = study.tie_intervals.get((name, measure), (math.nan, math.nan))
    if math.isnan(low) or number(low) == number(high):
        return "the same"
    return f"{number(low)} to {number(high)}"


def _table(name: str, label: str, caption: str, heads: Iterable[str], bodies: str) -> str:
    head = "".join(f'<th scope="col">{escape(one)}</th>' for one in heads)
    table = f'<table class="main" id="{name}" aria-label="{label}"><thead><tr>{head}</tr></thead>{bodies}</table>'
    region = f'<div class="scroll" role="region" aria-label="{label}" tabindex="0">{table}</div>'
    return f'<p class="small">{caption}</p>{region}'


def _row(name: str, cells: str, kind: str = "") -> str:
    attribute = f' class="{kind}"' if kind else ""
    return f'<tr{attribute}><th scope="row">{named(name)}</th>{cells}</tr>'
