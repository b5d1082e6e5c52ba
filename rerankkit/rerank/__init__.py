"""Groups to run: rerankers."""
