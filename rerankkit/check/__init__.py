"""Does a run say what it seems to say: findings, a track's rules, what is handed in."""
