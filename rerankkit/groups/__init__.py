"""Run and collection to groups: build, label, sample."""
