"""Everything foreign enters here: JSON, TOML and numbers that other programs or people wrote."""
