"""Writing to a file, in the form that its suffix names."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from autograd.files import written


def saved(thing: Any, noun: str, path: str | PathLike[str], formats: Mapping[str, str], choices: str = "") -> Path:
    """Write the attribute or method of a thing that belongs to the suffix, text or bytes; returns the path.

    The file is written whole or stays as it was. ValueError for another suffix, OSError where the file cannot be written.
    """
    target = Path(path)
    if (form := formats.get(target.suffix.lower())) is None:
        raise ValueError(f"a {noun} is saved as {choices or ', '.join(formats)}; got {str(path)!r}")
    content = getattr(thing, form)
    content = content() if callable(content) else content
    return written({target: lambda file: file.write(content if isinstance(content, bytes) else content.encode())})
