"""The order of a program's arrays: which are stored, and whether before, in or behind the loop over the examples."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from autograd.languages.assignments import Function, nodes_of
from autograd.languages.code import Code
from autograd.languages.entries import SUMS, VIEWS, size

LOOPS = ("stack", "scatter", "others", "sums_at")  # what has loops of its own
DEEPEST = 12  # operations in one expression; a deeper one is stored in parts


class Sum(NamedTuple):
    """A sum of several terms."""

    node: Code
    terms: Sequence[Code]
    inner: Sequence[int]  # what only it reads: sums of fewer terms, and sums over the examples


class Order:
    """The expressions of a function that are stored, in the order in which they are asked for."""

    def __init__(self, f: Function) -> None:
        self.names = f.context.names
        self.targets = [x for x in f.targets if x.key in self.names or x is f.slope]
        self._of: dict[int, list[Code]] = defaultdict(list)  # the expressions that read each expression
        self._deep: dict[int, int] = {}  # the operations of an expression that is not stored
        self._late: set[int] = set()  # what needs a sum over the examples
        self.together(())
        for node in nodes_of(f.targets, {}):
            for x in node.args:
                self._of[x.key].append(node)

    def together(self, sums: Iterable[Sum]) -> None:
        """From now on these sums are stored, and their terms are computed with them."""
        self.sums = {x.node.key: x for x in sums}
        self.inside = {key for x in self.sums.values() for key in x.inner}

    def long_sums(self, least: int) -> Iterator[Sum]:
        """The sums of that many terms."""
        seen: set[int] = set()
        for node in reversed([*nodes_of(self.targets, {})]):
            if node.word in ("add", "subtract") and node.key not in seen:
                found = self._sum(node)
                seen.update(found.inner)
                if len(found.terms) >= least:
                    yield found

    def _sum(self, node: Code) -> Sum:
        terms, inner, stack = list[Code](), list[int](), [*_terms(node)]
        while stack:
            x = stack.pop()
            alone = len(self._of[x.key]) == 1 and x.key not in self.names and x.shape == node.shape
            further = alone and x.word in ("add", "subtract")
            if further or (alone and over_examples(x)):
                inner.append(x.key)
            if further:
                stack += _terms(x)
            else:
                terms.append(x)
        return Sum(node, terms, inner)

    def stored(self, target: Code, known: Any) -> Iterator[Code]:
        """The expressions that are stored for a target, and itself, as far as they are not known."""
        for node in nodes_of([target], known):
            if over_examples(node) or any(x.key in self._late for x in node.args):
                self._late.add(node.key)
            if self._is_stored(node) or node.key == target.key:
                yield node

    def section(self, node: Code) -> int:
        """The section in which an array is computed: before (0), in (1) or behind (2) the loop over the examples."""
        if node.shape[2] or any(x.shape[2] for x in node.args if not over_examples(node)):
            assert node.key not in self._late, "a number of every example needs no sum over all of them"
            return 1
        return 2 if node.key in self._late else 0

    def _is_stored(self, node: Code) -> bool:
        """Whether an array is stored, and not computed where it is read."""
        if not node.args or node.key in self.names or node.word in VIEWS:
            return bool(node.args) and node.key in self.names
        readers = self._of[node.key]
        if node.key in self.sums or node.key in self.inside or not readers:
            self._deep[node.key] = 0
            return node.key in self.sums or node.word == "total"
        reader = readers[0]
        while reader.word == "split":
            reader = self._of[reader.key][0]
        deep = 1 + max(self._deep.get(x.key, 0) for x in node.args)
        elsewhere = reader.word in (*VIEWS, "matmul", "max_rows", "gather", "element", *LOOPS)
        loops = node.word in LOOPS or over_examples(node) or wide(node)
        read = reader.args[0].shape if reader.word in SUMS else reader.shape
        stored: bool = len(readers) > 1 or deep > DEEPEST or elsewhere or loops or node.shape != read
        self._deep[node.key] = 0 if stored else deep
        return stored


def _terms(node: Code) -> tuple[Code, Code]:
    """The two terms of a sum, the last one first."""
    left, right = node.args
    return right if node.word == "add" else Code("negative", (right,)), left


def over_examples(node: Code) -> bool:
    """Whether this is a sum over the examples."""
    node = node.args[0] if node.word == "total" else node
    return (
        node.word in ("matmul", "sum_columns", "sum_batch", "sums_at") and node.args[0].shape[2] and not node.shape[2]
    )


def wide(node: Code) -> bool:
    """Whether this is a matrix product with several columns, which are no examples."""
    return node.word == "matmul" and node.shape[1] > 1


def is_number(node: Code) -> bool:
    """Whether an array is stored as a number."""
    return size(node) == (1, 1) and node.word not in LOOPS
