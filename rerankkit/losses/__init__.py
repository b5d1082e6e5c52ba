"""(scores, labels, mask) to a scalar, one loss a file; [query, candidate] each."""
