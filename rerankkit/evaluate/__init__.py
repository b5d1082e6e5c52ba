"""Run and qrels to measures."""
