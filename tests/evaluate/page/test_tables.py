"""The page's tables."""

import re
from dataclasses import replace

from rerankkit.evaluate.page.tables import comparison, runs


def rows(html: str) -> list[list[str]]:
    """The texts of each row's cells."""
    found = re.findall(r"<tr.*?</tr>", html)
    return [[re.sub("<[^>]+>", "", cell) for cell in re.findall(r"<t[dh].*?</t[dh]>", row)] for row in found]


def test_a_group_of_rows_for_each_measure(study):
    html = comparison(study)
    found = rows(html)
    heads = "run mean difference interval p, t-test Holm p, random Holm effect size wins ties losses detectable"
    assert " ".join(found[0]) == heads
    assert found[1] == ["nDCG@10 any reranking reaches 0.9876 at most"]
    assert found[2][:2] == ["bm25.txt", f"{study.baseline.values['nDCG@10']:.4f}"]
    assert found[3][2:] == [
        *("+0.1234", "+0.0111 to +0.2222", "0.0030", "0.0060", "0.0040", "0.0120"),
        *("+0.71", "2", "0", "1", "0.0987"),
    ]
    assert [row[0] for row in found if len(row) == 1] == [
        "nDCG@10 any reranking reaches 0.9876 at most",
        "RR@10 any reranking reaches 1.0000 at most",
        "PNR differences in share of pairs rightly ordered",
    ]
    assert html.count('scope="row"') == 9
    assert html.count('class="gain-cell"') == 3  # only what passes both tests is coloured


def test_what_the_runs_hold(study):
    html = runs(study)
    assert "holds 4 of 5 documents judged relevant in its first 4 (recall 0.8000)" in re.sub("<[^>]+>", "", html)
    assert rows(html) == [
        ["run", "judged@10", "not in base", "nDCG@10 as ties fall", "queries lacking"],
        ["bm25.txt", "87.5\u00a0%", "0\u00a0%", "0.5100 to 0.6200", "0"],
        ["bert &lt;new&gt;.txt", "87.5\u00a0%", "12.5\u00a0%", "the same", "0"],
        ["rm3.txt", "80\u00a0%", "0\u00a0%", "the same", "1"],
    ]


def test_figures_over_what_both_runs_have_stand_at_the_measure(study):
    first, *others = study.outcomes
    there = replace(first, ground="the documents that both runs have", baseline_there=0.4, system_there=0.55)
    found = comparison(replace(study, outcomes=(there, *others)))
    assert "over the documents that both runs have" in found
    assert 'value="0.55"' in found
