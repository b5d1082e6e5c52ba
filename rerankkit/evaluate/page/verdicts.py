"""What a study comes to, in sentences: a verdict on each system, and what to distrust."""

import math
import re
from collections.abc import Iterable
from html import escape

from rerankkit.evaluate.page.numerals import chance, data, number, percent
from rerankkit.evaluate.study import Outcome, Study

SURE = 0.05


def p_of(outcome: Outcome) -> float:
    """The larger of both tests' p-values after Holm's correction: a gain must pass both."""
    known = [p for p in (outcome.p_t_holm, outcome.p_randomisation_holm) if not math.isnan(p)]
    return max(known, default=math.nan)


def kind_of(outcome: Outcome) -> str:
    """`gain`, `loss`, or `open` where chance may explain the difference."""
    if not p_of(outcome) < SURE:
        return "open"
    return "gain" if outcome.difference > 0 else "loss"


def verdicts(study: Study) -> str:
    """A list with an item a system: what it gains by the first measure, how sure that is, and in how many queries."""
    if not study.systems:
        return "<p>One run alone: give systems to compare it with.</p>"
    items = []
    for system in study.systems:
        first, *others = [outcome for outcome in study.outcomes if outcome.system == system.name]
        kind = kind_of(first)
        words = {"gain": "is better than", "loss": "is worse than", "open": "is not shown to differ from"}[kind]
        if not first.queries:
            words = "shares no query with a value with"
        figure = f"{data(first.difference, sign=True)}<span>{escape(first.measure)}</span>"
        head = f'{named(system.name)} <span class="word">{words}</span> {named(study.baseline.name)}'
        more = f'<p class="small">{_others(others)}</p>' if others else ""
        body = f"<h3>{head}</h3><p>{_told(first, study)}</p>{more}"
        items.append(f'<li class="{kind}"><p class="figure">{figure}</p><div>{body}</div></li>')
    return f'<ul class="verdicts">{"".join(items)}</ul>'


def named(name: str) -> str:
    """A run's name as HTML, which may be broken after its dashes and runs in its own direction."""
    return "<bdi>" + re.sub("([_/-])", r"\1<wbr>", escape(name)) + "</bdi>"


def _told(outcome: Outcome, study: Study) -> str:
    p, settings = p_of(outcome), study.settings
    over = f" over {escape(outcome.ground)}" if outcome.ground else ""
    means = (outcome.baseline_there, outcome.system_there) if over else (outcome.baseline_mean, outcome.system_mean)
    parts = [
        f"From {number(means[0])} to {number(means[1])}{over}. The {percent(settings.confidence)} "
        f"interval of the difference{_tested(outcome)} is {number(outcome.low, sign=True)} to "
        f"{number(outcome.high, sign=True)}; p{equals(p)} with Holm’s correction.",
        f"Better in {outcome.wins}, worse in {outcome.losses}, equal in {outcome.ties} of {outcome.queries} queries.",
    ]
    if kind_of(outcome) == "open" and not math.isnan(outcome.detectable):
        parts.append(
            f"With so many queries a true difference of {number(outcome.detectable)} shows "
            f"{percent(settings.power)} of the time, a smaller one mostly not."
        )
    return " ".join(parts)


def equals(p: float) -> str:
    """` = 0.0100`, or ` < 0.0001` as HTML."""
    if math.isnan(p):
        return " is undefined"
    return f" {escape(chance(p))}" if p < 0.0001 else f" = {chance(p)}"


def _tested(outcome: Outcome) -> str:
    return f" in {escape(outcome.tested)}" if outcome.tested else ""


def _others(outcomes: Iterable[Outcome]) -> str:
    told = ", ".join(
        f"{escape(one.measure)} {number(one.difference, sign=True)}{_tested(one)} (p{equals(p_of(one))})"
        for one in outcomes
    )
    return f"By the other measures: {told}."


def warnings(sentences: Iterable[str]) -> str:
    """A section with an item for each warning; nothing where there is none."""
    items = "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)
    if not items:
        return ""
    head = '<h2 id="warnings-head">What to distrust</h2>'
    return f'<section aria-labelledby="warnings-head">{head}<ul class="warnings">{items}</ul></section>'
