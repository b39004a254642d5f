"""Rows of texts as text, Markdown, HTML and LaTeX: a cell is text, and never read as markup."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable
from html import escape
from typing import Any

from viz.files import Text
from viz.numbers import number

EXACT = 1e15  # below it a whole number has no digit that is not its own


class Tabular(Text):
    """A table: readable text under `str`, a table in Jupyter."""

    cells: Any  # the texts, row by row; the first row is the headings
    notes: Any  # sentences below the table

    def __str__(self) -> str:
        widths = [max(map(columns, column)) for column in zip(*self.cells, strict=True)]
        rows = (zip(row, widths, strict=True) for row in self.cells)
        lines = ["  ".join(text + " " * (w - columns(text)) for text, w in row).rstrip() for row in rows]
        return "\n".join([lines[0], "  ".join("─" * w for w in widths), *lines[1:], *self.notes])

    __repr__ = __str__

    @property
    def markdown(self) -> str:
        """The table in GitHub's Markdown."""
        head, *rows = ([text.translate(_MARKDOWN) for text in row] for row in self.cells)
        lines = [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows)]
        return "\n".join(lines + [f"\n{note.translate(_MARKDOWN)}" for note in self.notes]) + "\n"

    @property
    def html(self) -> str:
        """The table as an HTML element."""
        head, *rows = self.cells
        body = "".join(f"<tr>{_html('td', row)}</tr>" for row in rows)
        note = f"<caption>{escape(' '.join(self.notes))}</caption>" if self.notes else ""
        return f"<table>{note}<thead><tr>{_html('th', head)}</tr></thead><tbody>{body}</tbody></table>"

    def _repr_html_(self) -> str:
        # Jupyter's style sheet sets tables to the right, and marimo's leaves no room between columns.
        style = "text-align:left;padding:0.25em 0.75em;caption-side:bottom"
        return re.sub("<(td|th|caption)>", rf'<\1 style="{style}">', self.html)

    @property
    def latex(self) -> str:
        """The table as a LaTeX tabular, with no package; letters of other scripts need LuaLaTeX or XeLaTeX."""
        head, *rows = (" & ".join(map(_latex, row)) + r" \\" for row in self.cells)
        begin, end = f"\\begin{{tabular}}{{{'l' * len(self.cells[0])}}}", r"\end{tabular}"
        lines = [begin, r"\hline", head, r"\hline", *rows, r"\hline", end]
        return "\n".join(lines + [f"\n{_latex(note)}" for note in self.notes]) + "\n"


def columns(text: str) -> int:
    """The columns that a line of text takes in a terminal: two for wide letters, none for what is put on a letter.

    >>> columns("ŷ"), columns("損失"), columns("🙂")
    (1, 4, 2)
    """
    count = last = 0
    joins = False
    for c in text:
        if unicodedata.category(c) in ("Mn", "Me", "Cf"):
            count += c == "\ufe0f" and last == 1  # shown as a picture
        elif not joins:
            last = 1 + (unicodedata.east_asian_width(c) in "WF")
            count += last
        joins = c == "\u200d"
    return count


def amount(x: float | None, digits: int) -> str:
    """x as `number` writes it, with its thousands apart: up to 10⁹, and a whole number up to EXACT.

    >>> amount(1234567890.0, 4), amount(-1234567.8, 4), amount(0.12345, 4)
    ('1,234,567,890', '−1,234,568', '0.1235')
    """
    large = x is not None and (1e5 <= abs(x) < 1e9 or (1e9 <= abs(x) < EXACT and x == int(x)))
    text = f"{x:.0f}".replace("-", "−") if large else number(x, digits)
    return re.sub(r"^(−?)(\d{4,})", lambda found: f"{found[1]}{int(found[2]):,}", text)


def counted(n: int, one: str, many: str = "") -> str:
    """A number of things, to the last digit while a person can read it."""
    power = int(math.log10(n)) if n else 0
    text = f"{n:,}" if power < 24 else f"{10 ** (math.log10(n) - power):.4g}e{power}"
    return f"{text} {one if n == 1 else many or f'{one}s'}"


def _html(tag: str, texts: Iterable[str]) -> str:
    return "".join(f"<{tag}>{escape(text)}</{tag}>" for text in texts)


# A backslash goes as an entity: JupyterLab takes \\( for the beginning of a formula.
_MARKDOWN = str.maketrans(
    {c: f"\\{c}" for c in "`*_[]{}|~$#!"} | {"\\": "&#92;", "&": "&amp;", "<": "&lt;", ">": "&gt;"}
)

# fmt: off
_LATEX = str.maketrans(
    {c: f"\\{c}" for c in "{}$&#%_"}
    | {c: f"\\{word}{{}}" for c, word in {"\\": "textbackslash", "^": "textasciicircum", "~": "textasciitilde",
       "<": "textless", ">": "textgreater", "|": "textbar", "`": "textasciigrave", "…": "ldots"}.items()}
    | {c: f"$\\{word}$" for c, word in {"∂": "partial", "·": "cdot", "Σ": "Sigma", "σ": "sigma", "√": "surd", "×": "times",
       "÷": "div", "∞": "infty", "→": "to", "′": "prime"}.items()}
    | {"−": "$-$", "–": "--", '"': "\\symbol{34}", "½": "$\\frac12$"}
)
# fmt: on


def _latex(text: str) -> str:
    # After \\ a star or a bracket would be read as an argument of the line break.
    return ("{}" if text[:1] in ("*", "[") else "") + text.translate(_LATEX)
