"""JSON of other people's: a character that was cut in half is mended."""

import json
from typing import Any


def loads(text: str) -> Any:
    """The value of a JSON text; half of a surrogate pair, as a cut emoji leaves, becomes U+FFFD, as UTF-8 has none.

    Raises ValueError for what is no JSON.
    """
    value = json.loads(text)
    if "\\ud" not in text and "\\uD" not in text:
        return value
    written = json.dumps(value, ensure_ascii=False)
    return json.loads(written.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
