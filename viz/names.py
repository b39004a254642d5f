"""The names of a graph's nodes, and their operations written out: in tables and pictures alike."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any

from autograd.names import Name
from autograd.ops import Op
from autograd.value import Value
from viz.numbers import few, number, printable

MANY = 6  # operands above which a vector is written with its first three and its last


def given(v: Value) -> Name:
    """The name of a value as one printable line, whatever object it is; "" if it has none."""
    text = "" if v.name is None else printable(str(v.name))
    return v.name if isinstance(v.name, Name) and v.name == text else Name(text)


def nameless(order: Sequence[Value]) -> Name:
    """The name of an output that has none of its own: L of a cross-entropy, else y; output where that name is taken."""
    name = "L" if (op := order[-1].op) and (op.family or op).name == "neg_log_softmax" else "y"
    return Name("output" if any(given(v).array == name for v in order) else name)


def names(order: Sequence[Value], digits: int = 6) -> dict[Value, str]:
    """Every node's name, no two alike: its own, v1, v2, … where it has none, y of an only output, or a constant's number."""
    own = {v: given(v) for v in order}
    ends = set(order).difference(*(v.parents for v in order))
    if len(ends) == 1 and (end := ends.pop()).op is not None and not own[end]:
        own[end] = nameless(order)
    uses = Counter(own.values())
    numbers: defaultdict[str, Iterator[int]] = defaultdict(lambda: count(1))
    fresh = (f"v{k}" for k in count(1) if f"v{k}" not in uses)
    found: dict[Value, str] = {}
    for v, name in own.items():
        if name:
            free = (f"{name}#{k}" for k in numbers[name] if f"{name}#{k}" not in uses)
            found[v] = name if uses[name] == 1 else next(free)
        elif v.role == "constant":
            found[v] = f"({text})" if (text := number(v.data, digits)).startswith("−") else text
        else:
            found[v] = next(fresh)
    return found


def index(op: Op) -> str:
    """[2] of the component 2 of an indexed row; "" of any other row."""
    return op.label.removeprefix(op.name)


def glyph(op: Op) -> str:
    """The mark of an operation on a card: its symbol, or else its name."""
    return printable((op.symbol or op.name) + index(op))


def parts(op: Op, operands: Sequence[Any]) -> list[Sequence[Any]]:
    """The operands, vector by vector: two parts for a dot, one for any other row; without those that lead, as take's index."""
    operands = operands[op.leading :]
    size = len(operands) // max(1, op.vectors)
    return [operands[k : k + size] for k in range(0, len(operands), size)]


def expression(v: Value, operands: Sequence[str]) -> str:
    """The operation written out on its operands' names; of a leaf, its role."""
    op = v.op
    if op is None:
        return str(v.role)
    if op.written:
        return printable(op.written, 400).format(*operands)
    if op.arity is not None:
        return f"{glyph(op)}({', '.join(operands)})"
    lists = [*(f"[{shortened(part)}]" for part in parts(op, operands)), *operands[: op.leading]]  # as in the call
    word = op.name if op.vectors > 1 else op.symbol or op.name  # a·b is no word to put before its operands
    return f"{printable(word)}({', '.join(lists)}){index(op)}"


def shortened(texts: Sequence[str]) -> str:
    """Texts in a row, with commas: of many the first and the last."""
    return ", ".join(few(texts, MANY, 3))
