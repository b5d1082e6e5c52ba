"""Systems against a baseline: what each measure says, how sure it is, and what makes the comparison unsound."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from rerankkit.errors import InputError
from rerankkit.evaluate.marks import Judgments
from rerankkit.evaluate.matched import Matched, Side
from rerankkit.evaluate.measure_names import Measure, parse_measures
from rerankkit.evaluate.measures import Evaluation
from rerankkit.evaluate.resampling import bootstrap, randomisation
from rerankkit.evaluate.significance import detectable, effect_size, holm, paired, ttest
from rerankkit.evaluate.soundness import doubts
from rerankkit.evaluate.study import FirstStage, Outcome, Settings, Study
from rerankkit.evaluate.undefined import check_defined, told
from rerankkit.evaluate.views import View
from rerankkit.run import Run
from rerankkit.types import Qrels

DEFAULT_MEASURES = ("nDCG@10", "RR@10", "PNR")
TESTED = {"PNR": "share of concordant pairs", "Num": "number"}
"""What is compared query by query where the measure of a run is no mean of the queries'."""


def compare_runs(
    runs: Iterable[tuple[str, Run]],
    qrels: Qrels,
    measures: Iterable[str] = DEFAULT_MEASURES,
    settings: Settings | None = None,
) -> Study:
    """The first of the named runs is the baseline of the others, which are taken one at a time and not kept.

    Raises InputError for an unknown measure, fewer than two runs, and a run without a judged query.
    """
    settings, wanted, judgments = settings or Settings(), parse_measures(measures), Judgments.of(qrels)
    given = iter(runs)
    first = Side.of(*next(given, ("", Run())), qrels, wanted, judgments)
    views = [View.of(first, wanted)]
    views += [View.of(Side.of(name, run, qrels, wanted, judgments), wanted, first) for name, run in given]
    if len(views) == 1:
        raise InputError("nothing to compare with the first run", "Give a baseline and one or more systems")
    gone = check_defined([view.evaluation for view in views], wanted)
    wanted = [one for one in wanted if one not in gone]
    study = _study([view.without(gone) for view in views], wanted, settings)
    return replace(study, warnings=(*told(gone, judgments), *study.warnings))


def _study(views: Sequence[View], measures: Sequence[Measure], settings: Settings) -> Study:
    """The study of the views, the baseline's first."""
    base, *others = views
    depths = sorted({*settings.judged_at, *(measure.cutoff for measure in measures if measure.cutoff)})
    reranked = min(settings.depth or base.depth, base.depth)
    matches = {view.name: view.match for view in others if view.match is not None}
    study = Study(
        base.evaluation,
        tuple(view.evaluation for view in others),
        tuple(_outcomes(base.evaluation, [view.evaluation for view in others], matches, settings)),
        {view.name: {depth: view.judged(depth) for depth in depths} for view in views},
        base.ceiling(measures, reranked),
        {(view.name, measure): ends for view in views for measure, ends in view.tie_intervals.items()},
        {name: match.outside for name, match in matches.items()},
        FirstStage(reranked, *base.positives(settings.rel, reranked)),
        settings,
        matches=matches,
    )
    return replace(study, warnings=tuple(doubts(study, views, measures)))


def _outcomes(
    baseline: Evaluation, systems: Sequence[Evaluation], matches: Mapping[str, Matched], settings: Settings
) -> list[Outcome]:
    """An outcome for each system and measure."""
    pairs = [(system, measure) for system in systems for measure in baseline.values]
    beside = [matches[system.name] for system, _ in pairs]
    differences, qids = _in_one_order(
        [paired(match.system, match.baseline, measure) for match, (_, measure) in zip(beside, pairs, strict=True)]
    )
    lows, highs = bootstrap(differences, settings.confidence, settings.seed, settings.rounds)
    p_t = [ttest(known, np.zeros(len(known))) for known in map(_known, differences.T)]
    p_random = randomisation(differences, settings.seed, settings.rounds, qids).tolist()
    corrected_t, corrected_random = holm(p_t), holm(p_random)
    found = []
    for i, ((system, measure), match) in enumerate(zip(pairs, beside, strict=True)):
        known = _known(differences[:, i])
        wins, ties, losses = _counts(known)
        found.append(
            Outcome(
                system.name,
                measure,
                baseline_mean=baseline.values[measure],
                system_mean=system.values[measure],
                difference=float(known.mean()) if len(known) else math.nan,
                low=float(lows[i]) if len(known) > 1 else math.nan,
                high=float(highs[i]) if len(known) > 1 else math.nan,
                p_t=p_t[i],
                p_randomisation=p_random[i],
                p_t_holm=corrected_t[i],
                p_randomisation_holm=corrected_random[i],
                effect_size=effect_size(known),
                wins=wins,
                ties=ties,
                losses=losses,
                detectable=detectable(known, settings.power, 1 - settings.confidence),
                queries=len(known),
                tested=next((what for name, what in TESTED.items() if measure.startswith(name)), ""),
                ground=match.grounds.get(measure, ""),
                baseline_there=match.baseline.values[measure],
                system_there=match.system.values[measure],
            )
        )
    return found


def _in_one_order(columns: Sequence[Mapping[str, float]]) -> tuple[np.ndarray, list[str]]:
    """The differences of all columns as [query, column], NaN where a column lacks a query, and the queries by qid."""
    qids = sorted(set().union(*columns))
    found = [column.get(qid, math.nan) for qid in qids for column in columns]
    return np.array(found, float).reshape(len(qids), len(columns)), qids


def _known(differences: np.ndarray) -> np.ndarray:
    return differences[np.isfinite(differences)]


def _counts(differences: np.ndarray) -> tuple[int, int, int]:
    """Queries that the system wins, ties and loses; values that differ by rounding alone are tied."""
    signs = np.where(np.abs(differences) > 1e-9, np.sign(differences), 0)
    return int((signs > 0).sum()), int((signs == 0).sum()), int((signs < 0).sum())
