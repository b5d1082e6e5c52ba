"""Groups and clicks to checkpoints."""
