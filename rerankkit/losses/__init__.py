"""(scores, labels, mask) to a scalar, one loss a file; [query, candidate] each.

A module's `LABELS` says what the labels have to be: "grades" (whole numbers from 0, whose size or sign counts),
"scores" (a teacher's, fitted in value), or "any" (only their order counts). Where a teacher's scores meet a loss of
grades, the trainer turns them into grades first.
"""
