"""Systems against a baseline: what each measure says, how sure it is, and what makes the comparison unsound."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from rerankkit.errors import InputError
from rerankkit.evaluate.measure_names import parse_measures
from rerankkit.evaluate.measures import Evaluation
from rerankkit.evaluate.resampling import bootstrap, randomisation
from rerankkit.evaluate.significance import detectable, effect_size, holm, paired, ttest
from rerankkit.evaluate.soundness import doubts
from rerankkit.evaluate.study import FirstStage, Outcome, Settings, Study
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
    settings, wanted = settings or Settings(), parse_measures(measures)
    given = iter(runs)
    name, first = next(given, ("", Run()))
    views = [View.of(name, first, qrels, wanted)]
    views += [View.of(name, run, qrels, wanted, first) for name, run in given]
    base, *others = views
    if not others:
        raise InputError("nothing to compare with the first run", "Give a baseline and one or more systems")
    depths = sorted({*settings.judged_at, *(measure.cutoff for measure in wanted if measure.cutoff)})
    reranked = min(settings.depth or base.depth, base.depth)
    study = Study(
        base.evaluation,
        tuple(view.evaluation for view in others),
        tuple(_outcomes(base.evaluation, [view.evaluation for view in others], settings)),
        {view.name: {depth: view.judged(depth) for depth in depths} for view in views},
        base.ceiling(wanted, reranked),
        {(view.name, measure): ends for view in views for measure, ends in view.tie_intervals.items()},
        {view.name: view.outside for view in others},
        FirstStage(reranked, *base.positives(settings.rel, reranked)),
        settings,
    )
    return replace(study, warnings=tuple(doubts(study, views, wanted)))


def _outcomes(baseline: Evaluation, systems: Sequence[Evaluation], settings: Settings) -> list[Outcome]:
    """An outcome for each system and measure."""
    pairs = [(system, measure) for system in systems for measure in baseline.values]
    differences = np.array([paired(system, baseline, measure) for system, measure in pairs]).T
    lows, highs = bootstrap(differences, settings.confidence, settings.seed, settings.rounds)
    p_t = [ttest(known, np.zeros(len(known))) for known in map(_known, differences.T)]
    p_random = randomisation(differences, settings.seed, settings.rounds).tolist()
    corrected_t, corrected_random = holm(p_t), holm(p_random)
    found = []
    for i, (system, measure) in enumerate(pairs):
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
            )
        )
    return found


def _known(differences: np.ndarray) -> np.ndarray:
    return differences[np.isfinite(differences)]


def _counts(differences: np.ndarray) -> tuple[int, int, int]:
    """Queries that the system wins, ties and loses; values that differ by rounding alone are tied."""
    signs = np.where(np.abs(differences) > 1e-9, np.sign(differences), 0)
    return int((signs > 0).sum()), int((signs == 0).sum()), int((signs < 0).sum())
