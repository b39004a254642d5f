"""The formula of a stage that has none of its own: its outputs, computed alike, as one expression of vectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from autograd.value import Value
from viz.names import given, glyph, index, parts
from viz.numbers import number
from viz.picture.scene import vector_name

LONG, DEEP = 44, 6  # letters and operations inside one another, at most


def of(outputs: Sequence[Value], nodes: Sequence[Value], operands: Sequence[Any]) -> str:
    """A formula such as tanh(W·x + b) of the vectors that a stage takes; where there is none its operations, each once."""
    found = _written(outputs, {tuple(x.members): x.name for x in operands}, DEEP)
    marks = dict.fromkeys("·" if v.op.name == "dot" else glyph(v.op) for v in nodes if v.op)
    return found if found and len(found) <= LONG else ", ".join(marks)


def _written(row: Sequence[Value], known: Mapping[Any, str], deep: int) -> str:
    """Values that are computed alike as one formula of vectors; "" where they are not."""
    v, op = row[0], row[0].op
    if deep < DEEP and (name := known.get(tuple(row)) or vector_name(row) * (len(row) > 1)):
        return name
    if len(set(row)) == 1 < len(row):
        return _written(row[:1], known, deep)
    if op is None:
        same = v.role == "constant" and not v.name and len({u.data for u in row}) == 1
        return str(given(v)) if len(row) == 1 and v.name else number(v.data) if same else ""
    if not deep or any(u.op is None or u.op.name != op.name or len(u.parents) != len(v.parents) for u in row):
        return ""
    if op.arity is None:
        return _over_vectors(row, known, deep)
    texts = [_written([u.parents[k] for u in row], known, deep - 1) for k in range(len(v.parents))]
    if not all(texts) or any(u.op is not op for u in row):
        return ""
    if op.name == "exp" and texts[0].startswith("ln softmax("):
        return texts[0].removeprefix("ln ")
    form = op.written or f"{glyph(op)}({', '.join(['{}'] * len(texts))})"
    return form.format(*(_tight(text) if op.infix else text for text in texts))


def _over_vectors(row: Sequence[Value], known: Mapping[Any, str], deep: int) -> str:
    """The same of rows over vectors: a product of a matrix and a vector, a sum, and the components of one row."""
    sides = [[*parts(u.op, u.parents), *zip(u.parents[: u.op.leading])] for u in row]
    texts = []
    for side in zip(*sides, strict=True):
        one = len({tuple(part) for part in side}) == 1
        apart = zip(*side, strict=True) if row[0].op.leading else side  # take's vectors are columns, a dot's rows
        values = list(side[0]) if one else [v for part in apart for v in part]
        texts.append(_written(values, known, deep - 1) if one else known.get(tuple(values), ""))
    if not all(texts):
        return ""
    op = row[0].op
    if op.name == "dot":
        return "·".join(map(_tight, texts))
    word = f"{op.symbol or op.name}({', '.join(texts)})"
    every = op.leading or len({u.op.label for u in row}) == len(row)
    return word + index(op) if len(row) == 1 else word if every else ""


def _tight(text: str) -> str:
    """An operand, in parentheses if it is an operation itself."""
    depths = np.cumsum([(c == "(") - (c == ")") for c in text])
    return f"({text})" if any(c == " " and not depth for c, depth in zip(text, depths, strict=True)) else text
