"""The demonstration: a collection made from installed documentation, and the whole method run on it."""
