"""A page as one file: its parts put into a template, and its script named by a hash that its own policy allows."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parent


def assembled(template: str, script: str, parts: Mapping[str, str]) -> str:
    """The page: one file that needs no other, no network, and runs no script but its own."""
    from hashlib import sha256

    script = re.sub(r"(?m)^ +|^//.*\n", "", script)  # a page need not explain itself
    known = {**parts, "script": script, "hash": b64encode(sha256(f"\n{script}".encode()).digest()).decode()}
    # In one pass: a text that is put in may look like a place to put something in.
    return re.sub(r"\{(\w+)\}", lambda place: known[place[1]], read(template))


def scripts(*names: str) -> str:
    """Files of the folder `script`, one after the other."""
    return "\n".join(read(f"script/{name}.js") for name in names)


def read(name: str) -> str:
    """A file of this folder."""
    return (PAGE / name).read_text(encoding="utf-8")


def as_json(facts: Any) -> str:
    """Facts as JSON that may stand within a page."""
    text = json.dumps(facts, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def frame(page: str, title: str, note: str, high: int) -> str:
    """The page within a notebook, in a sandbox. The note is what remains where a front end strips the frame."""
    over = "position:absolute;inset:0;width:100%;height:100%;border:1px solid #d1d9e0;border-radius:6px"
    inner = f'<iframe sandbox="allow-scripts" style="{over}" title="{title}" srcdoc="{escape(page)}"></iframe>'
    return f'<div style="position:relative;height:{high}px"><p>{escape(note)}</p>{inner}</div>'
