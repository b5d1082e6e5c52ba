"""`rerankkit compare` against scipy's paired tests, bootstrap and power, on the same per-query values."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from scipy import stats

from rerankkit.cli import main

ROUNDS = 10_000
MEASURES = "nDCG@10 AP RR@10 P@10"


def commands(base: Path, system: Path, qrels: Path) -> tuple[dict[str, dict], dict[str, tuple[np.ndarray, np.ndarray]]]:
    """The outcome of each measure, and the systems' and the baseline's values by query."""
    both = [str(base), str(system), "--qrels", str(qrels), "--measures", MEASURES, "--output", "json"]
    study, evaluated = (
        json.loads(CliRunner().invoke(main, arguments, catch_exceptions=False).stdout)
        for arguments in (["compare", *both], ["evaluate", *both, "--per-query"])
    )
    first, second = (run["queries"] for run in evaluated["runs"])
    values = {
        name: (np.array([second[name][qid] for qid in first[name]]), np.array(list(first[name].values())))
        for name in first
    }
    return {one["measure"]: one for one in study["outcomes"]}, values


@pytest.fixture(params=["made", "splade_p_p_ensemble_distil", "bm25_rm3", "ref-gpt-3.5-turbo.bm25-top100"])
def compared(request):
    """A system against a baseline, as `commands` says it."""
    if request.param == "made":
        make = request.getfixturevalue("make")
        base, qrels = make("plain", 0)
        return commands(base, make("plain", 1)[0], qrels)
    dl19 = request.getfixturevalue("dl19")
    return commands(dl19 / "run.bm25.txt", dl19 / f"run.{request.param}.txt", dl19 / "qrels.txt")


def test_the_t_test_is_scipys(compared):
    outcomes, values = compared
    for name, (ours, theirs) in values.items():
        assert outcomes[name]["p_t"] == pytest.approx(stats.ttest_rel(ours, theirs).pvalue, abs=1e-9), name
        assert outcomes[name]["difference"] == pytest.approx(np.mean(ours - theirs), abs=1e-9)


def test_the_randomisation_test_is_scipys_within_the_error_of_its_rounds(compared):
    outcomes, values = compared
    for name, (ours, theirs) in values.items():
        found = stats.permutation_test(
            (ours, theirs),
            lambda a, b, axis: np.mean(a - b, axis=axis),
            permutation_type="samples",
            n_resamples=ROUNDS,
            vectorized=True,
            rng=np.random.default_rng(1),
        )
        error = 4 * np.sqrt(2 * found.pvalue * (1 - found.pvalue) / ROUNDS) + 2 / ROUNDS
        assert outcomes[name]["p_randomisation"] == pytest.approx(found.pvalue, abs=error), name


def test_the_interval_is_scipys_within_the_error_of_its_rounds(compared):
    outcomes, values = compared
    for name, (ours, theirs) in values.items():
        differences = ours - theirs
        found = stats.bootstrap(
            (differences,), np.mean, method="percentile", n_resamples=ROUNDS, rng=np.random.default_rng(1)
        )
        ends = found.confidence_interval
        assert [outcomes[name]["low"], outcomes[name]["high"]] == pytest.approx(
            list(ends), abs=0.2 * found.standard_error
        )


def test_what_is_detectable_has_the_power_promised_by_scipys_noncentral_t(compared):
    outcomes, values = compared
    for name, (ours, theirs) in values.items():
        count, deviation = len(ours), np.std(ours - theirs, ddof=1)
        shift = outcomes[name]["detectable"] / (deviation / np.sqrt(count))
        critical = stats.t.ppf(0.975, count - 1)
        assert stats.nct.sf(critical, count - 1, shift) == pytest.approx(0.8, abs=1e-6), name
        assert outcomes[name]["effect_size"] == pytest.approx(np.mean(ours - theirs) / deviation, abs=1e-9)
