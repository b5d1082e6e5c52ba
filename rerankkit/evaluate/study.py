"""What a comparison of systems with a baseline holds."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from rerankkit.evaluate.matched import Matched
from rerankkit.evaluate.measures import Evaluation


@dataclass(frozen=True)
class Settings:
    """How systems are compared.

    `rel` is the grade from which on a document is a positive, `depth` how many of the baseline's hits are reranked, 0
    for all of them.
    """

    seed: int = 0
    rounds: int = 10_000
    confidence: float = 0.95
    power: float = 0.8
    rel: int = 1
    depth: int = 0
    judged_at: tuple[int, ...] = (10,)


@dataclass(frozen=True)
class Outcome:
    """A system less the baseline by one measure.

    The means are the measure's figures. `difference` and what follows from it are of the queries' paired values: those
    of the measure, or where `tested` says so another number, as for PNR, whose ratio has no mean. `low` to `high` is
    the bootstrap interval of the difference, the p-values are two-sided, those of Holm corrected over all systems and
    measures. `effect_size` is the mean difference by its deviation over queries; `detectable` the smallest true
    difference that a t-test of so many queries would find at the power asked. NaN where there is too little to say.
    Where the runs are not compared over their whole lists, `ground` names the documents that they are compared over;
    `baseline_there` and `system_there` are the measure's figures over these.
    """

    system: str
    measure: str
    baseline_mean: float
    system_mean: float
    difference: float
    low: float
    high: float
    p_t: float
    p_randomisation: float
    p_t_holm: float
    p_randomisation_holm: float
    effect_size: float
    wins: int
    ties: int
    losses: int
    detectable: float
    queries: int
    tested: str = ""
    ground: str = ""
    baseline_there: float = math.nan
    system_there: float = math.nan


@dataclass(frozen=True)
class FirstStage:
    """What the baseline's candidates hold: down to which depth, and how many positives of those judged.

    `recall` is the mean over queries of the share of positives found, R@depth.
    """

    depth: int
    found: int
    positives: int
    recall: float


@dataclass(frozen=True)
class Study:
    """A whole comparison.

    `outcomes` are in the order of systems, then measures. `judged` is name -> cut-off -> the share of judged documents
    down to there, over the queries that the run has. `ceiling` is measure -> the best value that any reranking of the
    baseline's candidates could reach. `tie_intervals` is (name, measure) -> the lowest and the highest value over all
    orders of equal scores. `outside` is name -> the share of the system's documents that the baseline lacks. `matches`
    is name -> the system beside the baseline, over the documents that each measure compares.
    """

    baseline: Evaluation
    systems: tuple[Evaluation, ...]
    outcomes: tuple[Outcome, ...]
    judged: Mapping[str, Mapping[int, float]]
    ceiling: Mapping[str, float]
    tie_intervals: Mapping[tuple[str, str], tuple[float, float]]
    outside: Mapping[str, float]
    first_stage: FirstStage
    settings: Settings
    warnings: tuple[str, ...] = ()
    matches: Mapping[str, Matched] = field(default_factory=dict)

    @property
    def tests(self) -> int:
        """How many tests of each kind the p-values are corrected for."""
        return sum(not math.isnan(one.p_t) for one in self.outcomes)

    @property
    def evaluations(self) -> tuple[Evaluation, ...]:
        """The baseline and the systems."""
        return (self.baseline, *self.systems)

    def beside(self, system: Evaluation) -> Matched:
        """A system and the baseline, over the documents that each measure compares."""
        return self.matches.get(system.name, Matched(system, self.baseline))

    def outcome(self, system: str, measure: str) -> Outcome:
        """The outcome of one system by one measure."""
        return next(one for one in self.outcomes if (one.system, one.measure) == (system, measure))

    def sure(self, one: Outcome) -> bool:
        """Whether both tests, each corrected, call the difference more than chance."""
        level = 1 - self.settings.confidence
        return one.p_t_holm < level and one.p_randomisation_holm < level
