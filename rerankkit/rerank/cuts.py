"""What did not fit: how many texts were cut, and by how many tokens."""

from dataclasses import dataclass


@dataclass(slots=True)
class Tally:
    """Texts that were encoded, how many of them were cut, and the tokens that these lost."""

    texts: int = 0
    cut: int = 0
    tokens: int = 0

    def count(self, lost: int) -> None:
        """Counts one text more, which lost so many tokens; none, or less, is a text that fitted."""
        self.texts += 1
        if lost > 0:
            self.cut += 1
            self.tokens += lost

    def told(self, what: str, setting: str) -> str:
        """Such as `2 of 4 pairs were cut to --max-length 9, by 496 tokens`."""
        if not self.cut:
            return f"none of {self.texts:,} {what} was cut to {setting}"
        tokens = f"{self.tokens:,} token{'' if self.tokens == 1 else 's'}"
        return f"{self.cut:,} of {self.texts:,} {what} were cut to {setting}, by {tokens}"
