"""Writing to a file, in the form that its suffix names, and text that can be written in several."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from os import PathLike
from pathlib import Path
from typing import Any, ClassVar

from autograd.files import written

STYLE = "table{border-collapse:collapse}td,th,caption{text-align:left;padding:.25em .75em}caption{caption-side:bottom}"


class Text:
    """A thing that is readable text, Markdown, LaTeX and HTML."""

    html: Any  # an element of HTML
    formats: ClassVar = {".txt": "text", ".md": "markdown", ".tex": "latex", ".html": "page"}

    def save(self, path: str | PathLike[str]) -> Path:
        """Write it to a file, by its suffix: .txt, .md, .tex or .html; returns the path.

        ValueError for another suffix, OSError where the file cannot be written.
        """
        return saved(self, type(self).__name__.lower(), path, self.formats)

    @property
    def text(self) -> str:
        """The text, as a file has it."""
        return f"{self}\n"

    @property
    def page(self) -> str:
        """A page of HTML."""
        head = f'<meta charset="utf-8"><title>{escape(type(self).__name__)}</title><style>{STYLE}</style>'
        return f'<!doctype html>\n<html lang="en"><head>{head}</head><body>{self.html}</body></html>\n'


def saved(thing: Any, noun: str, path: str | PathLike[str], formats: Mapping[str, str], choices: str = "") -> Path:
    """Write the attribute or method of a thing that belongs to the suffix, text or bytes; returns the path.

    The file is written whole or stays as it was. ValueError for another suffix, OSError where the file cannot be written.
    """
    target = Path(path)
    if (form := formats.get(target.suffix.lower())) is None:
        raise ValueError(
            f"{'an' if noun[0] in 'aeiou' else 'a'} {noun} is saved as {choices or ', '.join(formats)}; got {str(path)!r}"
        )
    content = getattr(thing, form)
    content = content() if callable(content) else content
    return written({target: lambda file: file.write(content if isinstance(content, bytes) else content.encode())})
