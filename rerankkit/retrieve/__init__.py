"""Topics to run: first stages, one a file, each a dataclass `Settings` and `retriever(index, settings)`."""
