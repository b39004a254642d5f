"""A graph evaluated again from other numbers in its leaves, of any kind; the graph itself stays as it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from autograd import nesting
from autograd.arrays import array
from autograd.guards import differentiating, kept, own
from autograd.tape import wengert_list
from autograd.value import Value


def replay(output: Any, given: Mapping[Value, Any]) -> Any:
    """Evaluate the graph of `output` again, with other numbers in its leaves.

    `given` maps leaves to floats, arrays, Fractions, mpmath or SymPy numbers, or Values; the other leaves keep their
    data, and whole-number constants are handed on as ints, so that fractions stay exact. Inside a transform or a
    recording the other leaves stand for themselves, and the result is a part of its graph. An output that is a list,
    tuple or array of Values gives the like. KeyError for a node that is no leaf of the graph, TypeError for a list in the
    place of a number.

    >>> from fractions import Fraction
    >>> from autograd import Value
    >>> x = Value(0.5)
    >>> replay(x * x / 3, {x: Fraction(1, 2)})
    Fraction(1, 12)
    """
    outputs = nesting.flat(output)
    if not all(hasattr(v, "parents") for v in outputs):
        raise TypeError(f"replay takes a Value or a nesting of Values; got {output!r}")
    order = wengert_list(outputs)
    # Arrays and symbols go with no Value: within a transform the leaves that it does not reach are then numbers.
    as_values = kept() or (differentiating() and all(isinstance(x, Value | nesting.REAL) for x in given.values()))
    leaves = [v for v in order if v.op is None or (v in given and own(v))]
    result: dict[Value, Any] = {leaf: given.get(leaf, _handed_on(leaf, as_values)) for leaf in leaves}
    for leaf, x in given.items():
        if leaf not in result:
            raise KeyError(f"{leaf!r} is not a leaf of this graph: replay takes leaves, and computes the other nodes")
        if isinstance(nesting.unmasked(x), list | tuple | range | str):
            raise TypeError(f"replay takes a number or an array for {leaf!r}; got {x!r}: make it np.array(…)")
    other = set(given)  # and what is computed from them: all else stays as it is where it is part of a running graph
    for node in order:
        if node not in result:
            other.update({node} if other.intersection(node.parents) else ())
            result[node] = (
                node if own(node) and node not in other else node.op.apply(*(result[p] for p in node.parents))
            )
    if isinstance(output, np.ndarray):
        if any(isinstance(result[v], Value) for v in outputs):
            return array([result[v] for v in outputs]).reshape(output.shape)
        results = np.array(np.broadcast_arrays(*(result[v] for v in outputs)))
        return results.reshape(output.shape + results.shape[1:])
    return nesting.mapped(result.__getitem__, output)


def _handed_on(leaf: Value, as_value: bool) -> Any:
    if own(leaf) or (as_value and leaf.role != "constant"):
        return leaf
    whole = leaf.role == "constant" and leaf.data.is_integer() and abs(leaf.data) <= 2**53  # beyond, not every int
    return int(leaf.data) if whole else leaf.data
