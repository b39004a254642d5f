"""Numbers as pictures write them, the width of a line of text, and text that any file can hold."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any

# Helvetica's advance widths, in thousandths of the type size. Layout engines measure text differently from one another;
# with one table the same picture comes out everywhere.
# fmt: off
_WIDTHS = {
    188: "′", 191: "'", 222: "ijl", 260: "|", 278: " !,./:;I[\\]ft", 333: "()-`r·", 334: "{}", 355: '"', 367: "ᵀ", 389: "*",
    469: "^", 494: "∂", 500: "Jcksvxyzŷ", 549: "÷√", 556: "#$0123456789?L_abdeghnopqu–", 584: "+<=>~×−", 611: "FTZ",
    617: "σ", 618: "Σ", 667: "&ABEKPSVXY", 713: "∞", 722: "CDHNRUw", 778: "GOQ", 833: "Mm", 889: "%", 944: "W",
    1000: "…→", 1015: "@",
}
# fmt: on
_WIDTH = {character: width for width, characters in _WIDTHS.items() for character in characters}
EXACT = 1e-14  # of a number: what the rounding of a few operations leaves
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")


# Twin: number and exact in page/script/numbers.js, and few in page/script/narration.js, kept equal by test_steps.py,
# test_the_page_writes_and_tints_as_the_picture_does.
def number(x: float | None, digits: int = 4) -> str:
    """x to `digits` significant digits: fixed for 1e-3 ≤ |x| < 1e5, else `1.23e−5`; 0 is `0`.

    Zeros at the end are cut from a number that is exact, and kept where it was rounded: they are digits. None, a
    gradient before a backward pass, is `–`.

    >>> number(-0.94310), number(1.234e-05, 3), number(12345.6), number(float("inf"))
    ('−0.9431', '1.23e−5', '12346', '∞')
    >>> number(0.42), number(0.41997)
    ('0.42', '0.4200')
    """
    if x is None or math.isnan(x):
        return "–" if x is None else "nan"
    if math.isinf(x):
        return "∞" if x > 0 else "−∞"
    if x == 0:
        return "0"
    mantissa, power = f"{x:.{digits - 1}e}".split("e")
    exponent = int(power)
    end = ""
    if 1e-3 <= abs(x) < 1e5:
        mantissa = f"{x:.{max(0, digits - 1 - exponent)}f}"
    else:
        end = f"e{exponent}"
    if "." in mantissa and abs(float(mantissa + end) - x) <= EXACT * abs(x):
        mantissa = mantissa.rstrip("0").rstrip(".")
    return (mantissa + end).replace("-", "−")


def exact(x: float | None) -> str:
    """x with the digits that tell it from every other float, written as `number` does.

    >>> exact(-1 / 3), exact(2.46e-05)
    ('−0.3333333333333333', '2.46e−5')
    """
    finite = x is not None and math.isfinite(x)
    return number(x, len(Decimal(repr(float(x or 0.0))).as_tuple().digits) if finite else 1)


@lru_cache(maxsize=4096)
def width(text: str, size: float, bold: bool = False) -> float:
    """The width of a line of Helvetica, in the unit of `size`."""
    thousandths = sum(_WIDTH.get(c) or (1000 if unicodedata.east_asian_width(c) in "WF" else 600) for c in text)
    return thousandths * size / 1000 * (1.06 if bold else 1.0)


def printable(text: str, most: int = 40) -> str:
    """One line of text that any file can hold: unprintable characters as spaces, cut in the middle above `most`."""
    line = _UNPRINTABLE.sub(" ", text)
    return line if len(line) <= most else f"{line[: most // 2]}…{line[len(line) - most // 2 + 1 :]}"


def few(items: Sequence[Any], most: int, first: int, last: int = 1, gap: Any = "…") -> Sequence[Any]:
    """The items; of more than `most` the first and the last ones, and a gap between them.

    >>> "".join(few("abcdefg", 6, 3))
    'abc…g'
    """
    return items if len(items) <= most else [*items[:first], gap, *items[-last:]]
