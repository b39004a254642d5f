"""Files that are whole or not there at all."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any


def written(path: Path, write: Callable[[Any], Any]) -> Path:
    """Write a file aside and rename it, so that an interruption leaves the old one; returns the path."""
    aside = path.with_name(f".{path.name[:200]}.{os.urandom(4).hex()}.part")  # several may write the same file
    try:
        with aside.open("wb") as file:
            write(file)
        os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)
    return path
