"""Numbers as people read them on a page."""

import math
from html import escape


def number(value: float, digits: int = 4, sign: bool = False) -> str:
    """The number with a true minus; a dash where there is none."""
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if not round(value, digits):
        return f"{0:.{digits}f}"
    return f"{value:{'+' if sign else ''}.{digits}f}".replace("-", "−")


def chance(p: float) -> str:
    """A p-value with four digits."""
    return "< 0.0001" if p < 0.0001 else number(p)


def percent(share: float) -> str:
    """A share with up to one digit after the point."""
    return (
        "–" if math.isnan(share) else f"{100 * share:.1f}".removesuffix(".0").replace("-", "−") + "\N{NO-BREAK SPACE}%"
    )


def data(value: float, digits: int = 4, sign: bool = False) -> str:
    """The number as HTML, with all its digits for programs."""
    return f'<data value="{float(value)!r}">{number(value, digits, sign)}</data>'


def data_p(p: float) -> str:
    """The same of a p-value."""
    return f'<data value="{float(p)!r}">{escape(chance(p))}</data>'
