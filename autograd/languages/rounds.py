"""Rounds: a part of a program that repeats, such as a recurrent cell over T steps, is written once, as a loop.

Expressions that are stored one after the other are rounds where all that differs from each to the next moves by the same step:
the round of an array that was stored before, the start of a slice. Numbers that differ become a table.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import groupby, pairwise
from typing import Any

import numpy as np

from autograd.languages.assignments import Function
from autograd.languages.code import Code, Context
from autograd.languages.entries import Entries, Index, size
from autograd.languages.order import DEEPEST, Order, Sum, is_number, over_examples

LEAST = 4  # rounds that make a loop
NEAR = 16  # places where an expression is met next, of which one may begin the next round

Parts = tuple[Any, list[Any]]  # an expression without what may differ from round to round, and that
Places = Mapping[int, tuple[Any, int]]  # of what is stored: among which arrays, and the place there


@dataclass(eq=False)
class Arrays:
    """An array for each round, under one name."""

    count: int
    name: str = ""
    declared: bool = False


@dataclass
class Run:
    """Rounds that are written in one loop."""

    rounds: Sequence[Sequence[Code]]
    arrays: Sequence[Arrays]  # for what is stored in a round, one after the other
    start: int  # the place of the first of the rounds in the arrays
    places: Places  # of what the rounds store, and of what they read as if rounds before them had stored it


class Rounds:
    """The arrays, and the terms of sums, that are met round after round."""

    def __init__(self, entries: Entries, order: Order, f: Function) -> None:
        self.entries, self.order, self.context = entries, order, f.context
        self.places: dict[int, tuple[Any, int]] = {}
        self.runs: dict[int, Run] = {}  # by what they store
        self.sums: dict[int, Code] = {}  # with totals of the terms that are met round after round
        self._results = {x.key for x in _results(f)}
        self._stored: dict[int, Code] = {}
        self._indices, self._level = list[str](), 0
        sums = [*order.long_sums(LEAST)]
        while True:
            order.together(sums)
            self._find()
            self.sums = {x.node.key: y for x in sums if (y := self._by_rounds(x)) is not None}
            others = sorted(len(x.terms) for x in sums if x.node.key not in self.sums)
            if not others:
                break
            # The shorter ones first: as parts of a cell they may have hidden its rounds from the longer ones.
            sums = [x for x in sums if x.node.key in self.sums or len(x.terms) > others[len(others) // 2]]

    def _find(self) -> None:
        sections: list[list[Code]] = [[], [], []]
        self._stored = {}
        for target in self.order.targets:
            for node in self.order.stored(target, self._stored):
                self._stored[node.key] = node
                terms = self.order.sums[node.key].terms if node.key in self.order.sums else [node]
                for k in {1, 2} if any(map(over_examples, terms)) else {self.order.section(node)}:
                    sections[k].append(node)
        self.places, self.runs = {}, {}
        for nodes in sections:
            for run in _Search(self, nodes).runs():
                self.places |= run.places
                self.runs |= {x.key: run for xs in run.rounds for x in xs}

    def may_be_met(self, node: Code) -> bool:
        """Whether what is stored may be one of several arrays."""
        alone = node.key in self._results or node.key in self.order.sums or node.key in self.places
        kind = over_examples(node) or self.entries.place(node) or (size(node) == (1, 1) and not is_number(node))
        return not (alone or kind)

    def parts(self, node: Code, top: bool = False) -> Parts:
        """An expression, which is stored if it is at the top, down to what else is stored."""
        if self.is_constant(node):
            return (node.word, node.shape), [node]
        if not top and (node.key in self._stored or node.word == "name"):
            return node.shape, [node]
        data, starts = (node.data[2:], [int(node.data[0])]) if _moves(node) else (node.data, [])
        inside = [self.parts(x) for x in node.args]
        return (node.word, node.shape, data, *(same for same, _ in inside)), starts + [
            x for _, xs in inside for x in xs
        ]

    def is_constant(self, node: Code) -> bool:
        """Whether this is a number, or an array of numbers, that is known."""
        return node.word == "number" or (node.word == "name" and node.data[0] in self.context.constants)

    def step(self, a: Any, b: Any, places: Places) -> int | None:
        """By how much what is read moves from a round to the next."""
        if isinstance(a, int):
            return int(b - a)
        if a.key == b.key or (self.is_constant(a) and self.is_constant(b)):
            return 0
        before, after = places.get(a.key), places.get(b.key)
        return after[1] - before[1] if before and after and before[0] == after[0] else None

    def stretches(self, rounds: Sequence[Parts], places: Places) -> Iterator[tuple[int, int]]:
        """From where to where successive rounds differ by the same step."""
        steps = [
            tuple(self.step(x, y, places) for x, y in zip(a, b, strict=True)) if one == two else (None,)
            for (one, a), (two, b) in pairwise(rounds)
        ]
        end = 0
        for step, same in groupby(range(len(steps)), steps.__getitem__):
            members = [*same]
            start, stop = max(end, members[0]), members[-1] + 2
            if None not in step and stop - start >= LEAST:
                yield start, stop
                end = stop

    def grouped(self, nodes: Sequence[Code]) -> Iterator[Sequence[Code]]:
        """The nodes in rounds; one that is met once is alone."""
        stops, k = dict(self.stretches([self.parts(x) for x in nodes], self.places)), 0
        while k < len(nodes):
            stop = stops.get(k, k + 1)
            yield nodes[k:stop]
            k = stop

    def _by_rounds(self, x: Sum) -> Code | None:
        """A sum with totals of the terms that are met round after round; None where that makes it no shorter."""
        groups = [part for terms in self.grouped(x.terms) for part in ([terms] if self._pays(terms, x) else zip(terms))]
        if x.node.key in self.places or len(groups) == len(x.terms) or len(groups) > DEEPEST:
            return None
        totals = [
            Code("total", terms, (), x.node.shape) if len(terms) > 1 or terms[0].key in x.inner else terms[0]
            for terms in groups
        ]
        return reduce(lambda a, b: Code("add", (a, b)), totals)

    def _pays(self, terms: Sequence[Code], total: Sum) -> bool:
        """Whether a loop adds up the terms as fast as one expression."""
        moving = any(isinstance(x, Code) and x.key in self.places for x in self.parts(terms[0])[1])
        many = len(terms) > DEEPEST or over_examples(terms[0]) or moving
        return many and terms[0].shape[:2] == total.node.shape[:2]

    # --- writing ------------------------------------------------------------------------------------------------------

    def loop(
        self, rounds: Sequence[Sequence[Code]], body: Callable[..., list[str]], start: int = 0, top: bool = False
    ) -> list[str]:
        """The lines of `body`, of an index and what is met in each round, in a loop; one round needs none."""
        if len(rounds) == 1:
            return body(start, *rounds[0])
        if self._level == len(self._indices):
            self._indices.append(self.context.unique("t"))
        t = self._indices[self._level]
        self._level += 1
        lines = body(t, *(_in_each(self, xs, t, start, top) for xs in zip(*rounds, strict=True)))
        self._level -= 1
        head = self.entries.frame.loop.format(i=t, start=start, count=start + len(rounds))
        return [head, *("    " + line for line in lines), "}"]


class _Search:
    """Finds runs among what is stored one after the other."""

    def __init__(self, rounds: Rounds, nodes: Sequence[Code]) -> None:
        self.all, self.nodes, self.at = rounds, nodes, {x.key: k for k, x in enumerate(nodes)}
        self.parts = [rounds.parts(x, top=True) if rounds.may_be_met(x) else (x.key, []) for x in nodes]

    def runs(self) -> Iterator[Run]:
        """The longest ones, from the first array on."""
        met, i, tried = defaultdict[Any, list[int]](list), 0, dict[int, int]()
        for k, (same, _) in enumerate(self.parts):
            met[same].append(k)
        following = {k: at[n + 1 : n + 1 + NEAR] for at in met.values() for n, k in enumerate(at)}
        while i < len(self.nodes):
            found = list[Run]()
            for p in (k - i for k in following[i]):
                if i >= tried.get(p, 0) and not any(p % len(run.arrays) == 0 for run in found):
                    stop = self._stop(i, p)
                    tried[p] = stop - p + 1
                    found += self._run(stop, p, (stop - i) // p)
            if found:
                yield (longest := max(found, key=lambda run: len(run.places)))
                for key in longest.places:
                    self.parts[self.at[key]] = key, []
                tried.clear()
            i += not found

    def _stop(self, i: int, p: int) -> int:
        """To where the expressions repeat those p places before."""
        while i + p < len(self.nodes) and self.parts[i][0] == self.parts[i + p][0]:
            i += 1
        return i + p

    def _run(self, stop: int, p: int, count: int) -> Iterator[Run]:
        """The longest run in so many rounds of p arrays."""
        if count < LEAST:
            return
        begin = stop - p * count
        rounds = [self.nodes[k : k + p] for k in range(begin, stop, p)]
        moving = [[x for _, found in self.parts[k : k + p] for x in found] for k in range(begin, stop, p)]
        where: dict[int, tuple[Any, int]] = {x.key: (k, r) for r, xs in enumerate(rounds) for k, x in enumerate(xs)}
        self._adopt(begin, p, moving, where)
        places = self.all.places | where
        stretches = self.all.stretches([("", xs) for xs in moving], places)
        start, end = max(stretches, key=lambda x: x[1] - x[0], default=(0, 0))
        if end:
            own = (where[x.key][1] for xs in moving[start:end] for x in xs if isinstance(x, Code) and x.key in where)
            first = min([start, *own])
            arrays = [Arrays(end - first) for _ in range(p)]
            stored = {key: (arrays[k], r - first) for key, (k, r) in where.items() if first <= r < end}
            for key, (of, _) in stored.items():
                of.name = min(of.name, self.all.order.names.get(key, ""), key=lambda name: len(name) or np.inf)
            yield Run(rounds[start:end], arrays, start - first, stored)

    def _adopt(self, begin: int, p: int, moving: Sequence[Sequence[Any]], where: dict[int, tuple[Any, int]]) -> None:
        """Places for what the first rounds read where later ones read what a round before them has stored."""
        taken = set[tuple[int, int]]()

        def adopt(x: Any, k: int, r: int) -> None:
            earlier = isinstance(x, Code) and self.at.get(x.key, begin) < begin and x.key not in where
            if earlier and (k, r) not in taken and x.shape == self.nodes[begin + k].shape and self.all.may_be_met(x):
                where[x.key] = k, r
                taken.add((k, r))

        for n, x in enumerate(moving[-1]):
            if isinstance(x, Code) and x.key in where:
                k, r = where[x.key]
                back = len(moving) - 1 - r
                for early in range(min(back, len(moving))):
                    adopt(moving[early][n], k, early - back)
        if taken and begin >= p:
            for k, x in enumerate(self.nodes[begin - p : begin]):
                adopt(x, k, -1)


# --- writing ----------------------------------------------------------------------------------------------------------


def _in_each(rounds: Rounds, nodes: Sequence[Code], t: str, start: int, top: bool = False) -> Code:
    """An expression that stands for that of every round, the first of which has the index `start`."""
    a, b = nodes[:2]
    if all(x.key == a.key for x in nodes):
        return a
    if rounds.is_constant(a):
        return _table(rounds.context, nodes, t, start)
    if a.key in rounds.places and not top:
        (arrays, k), (_, after) = rounds.places[a.key], rounds.places[b.key]
        text = f"{arrays.name}[{_moving(t, start, k, after - k)}]"
        code = Code(a.word, a.args, (*a.data, text), a.shape)
        rounds.entries.stored[code.key] = text
        return code
    data = (_moving(t, start, int(a.data[0]), int(b.data[0] - a.data[0])), *a.data[1:]) if _moves(a) else a.data
    return Code(
        a.word, [_in_each(rounds, xs, t, start) for xs in zip(*(x.args for x in nodes), strict=True)], data, a.shape
    )


def _table(context: Context, nodes: Sequence[Code], t: str, start: int) -> Code:
    """Constants that differ from round to round."""
    r, c = size(nodes[0])
    data = np.array([x.data[0] if x.word == "number" else context.constants[x.data[0]].ravel() for x in nodes])
    table = context.constant("index" if data.dtype.kind == "i" else "c", data.ravel())
    row = Code("slice", (table,), (_moving(t, start, 0, r * c),), (r * c, 0, False))
    return Code("reshape", (row,), (r, c), (r, c, False)) if c > 1 else row


def _moves(node: Code) -> bool:
    """Whether this is a part of an array that begins at a number."""
    return node.word in ("slice", "every") and not isinstance(node.data[0], str)


def _moving(t: str, start: int, k: int, step: int) -> Index:
    """A number that is k at the start, and moves by the same step in each round."""
    base, text = k - step * start, t if abs(step) == 1 else f"{t} * {abs(step)}"
    if step <= 0:
        return f"{base} - {text}" if step else k
    return f"{text} + {base}" if base > 0 else f"{text} - {-base}" if base else text


def _results(f: Function) -> Iterator[Code]:
    """The arrays that a function returns, and those that are computed in their places there."""
    yield f.value
    stack = [] if f.slope is None else [f.slope]
    for x in stack:  # the list grows while it is read
        yield x
        stack += x.args if x.word in ("reshape", "flatten", "stack") else []
