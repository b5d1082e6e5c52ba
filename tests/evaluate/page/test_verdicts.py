"""What a study comes to, in sentences."""

import math
import re
from dataclasses import replace

import pytest

from rerankkit.evaluate.page.verdicts import kind_of, named, p_of, verdicts, warnings


def words(html: str) -> str:
    return re.sub(r"<[^>]+>", "", html)


def test_a_gain_and_what_chance_may_explain(study):
    html = verdicts(study)
    gain, rest = html.split("</li>")[:2]
    assert gain.startswith('<ul class="verdicts"><li class="gain">')
    assert words(gain).startswith("+0.1234nDCG@10bert &lt;new&gt;.txt is better than bm25.txt")
    assert "interval of the difference is +0.0111 to +0.2222; p = 0.0120 with Holm’s correction." in words(gain)
    assert "Better in 2, worse in 1, equal in 0 of 3 queries." in words(gain)
    assert "PNR +0.1234 in share of pairs rightly ordered (p = 0.0120)" in words(gain)
    assert rest.startswith('<li class="open">')
    assert "is not shown to differ from bm25.txt" in words(rest)
    assert "a true difference of 0.0987 shows 80\u00a0% of the time" in words(rest)


@pytest.mark.parametrize(
    ("difference", "p_t", "p_randomisation", "kind"),
    [
        (0.1, 0.01, 0.02, "gain"),
        (-0.1, 0.01, 0.02, "loss"),
        (0.1, 0.01, 0.06, "open"),
        (0.1, 0.06, 0.01, "open"),
        (0.1, 0.01, math.nan, "gain"),
        (0.1, math.nan, math.nan, "open"),
    ],
)
def test_a_gain_passes_both_tests(study, difference, p_t, p_randomisation, kind):
    one = replace(study.outcomes[0], difference=difference, p_t_holm=p_t, p_randomisation_holm=p_randomisation, p_t=0.0)
    assert kind_of(one) == kind
    assert p_of(replace(one, p_t_holm=0.3, p_randomisation_holm=0.2)) == 0.3


def test_a_name_may_be_broken_and_is_no_markup():
    assert named("a_b/<i>") == "<bdi>a_<wbr>b/<wbr>&lt;i&gt;</bdi>"


def test_warnings_are_a_section_or_nothing():
    assert "<li>rm3 lacks &lt;one&gt;</li>" in warnings(["rm3 lacks <one>"])
    assert warnings([]) == ""


def test_a_verdict_over_what_both_runs_have_says_so(study):
    first, *others = study.outcomes
    there = replace(first, ground="the documents that both runs have", baseline_there=0.4, system_there=0.55)
    found = words(verdicts(replace(study, outcomes=(there, *others))))
    assert "From 0.4000 to 0.5500 over the documents that both runs have." in found


def test_no_verdict_without_a_query(study):
    nan = math.nan
    nothing = dict.fromkeys(("difference", "low", "high", "p_t_holm", "p_randomisation_holm"), nan)
    none = replace(study.outcomes[0], queries=0, **nothing)
    found = words(verdicts(replace(study, outcomes=(none, *study.outcomes[1:]))))
    assert "shares no query with a value with bm25.txt" in found
    assert "p is undefined" in found
