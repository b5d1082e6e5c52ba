"""Topics to run: first stages."""
