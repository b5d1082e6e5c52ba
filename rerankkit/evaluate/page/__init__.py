"""The report of a comparison: one HTML page that needs no network, and its figures for papers."""
