"""Quality against latency: what a reranker is worth, and costs, at each depth, precision and backend."""
