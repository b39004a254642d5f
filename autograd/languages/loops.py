"""Loops over the entries of arrays: the one walk over a program that C and JavaScript over typed arrays share.

An array of the graph is stored, is read where it lies in another one, or is computed where its only reader wants it. What
does not depend on the data is computed before the loop over the examples, and what needs a sum over them behind it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Set
from functools import partial
from itertools import count

from autograd.languages.assignments import Function
from autograd.languages.code import Code
from autograd.languages.entries import VIEWS, Entries, Frame, Index, at, plus, size
from autograd.languages.forms import Language
from autograd.languages.numpy import COMPARISONS
from autograd.languages.order import LOOPS, Order, is_number, over_examples, wide
from autograd.languages.rounds import Rounds, Run


class Loops:
    """Loops that compute arrays, in the order in which they are asked for: before, in and behind that over the examples."""

    def __init__(self, frame: Frame, f: Function) -> None:
        self.frame, self.context, self.entries = frame, f.context, Entries(frame, f.context)
        self.before: list[str] = []
        self.block: list[str] = []
        self.behind: list[str] = []
        self._order = Order(f)
        self.rounds = self.entries.rounds = Rounds(self.entries, self._order, f)
        self._in_place: set[tuple[int, int]] = set()  # stacks, and where in them a piece is computed in its place
        self._comment, self._names = "", (f"t{k}" for k in count())

    def comment(self, text: str) -> None:
        """Say what the next lines compute."""
        self._comment = text

    def store(self, target: Code, name: str, given: bool = False) -> None:
        """Compute an array and what it needs that is not yet computed; one that is `given` is declared already."""
        while given and target.word in ("reshape", "flatten"):
            target = target.args[0]  # the same entries in the same order
        if given and (target.key in self.entries.stored or target.word == "name"):
            self.section(target).extend(filled(self.entries, target, name))
        if given and target.word == "stack":
            self._store_pieces(target, name)
        for node in self._order.stored(target, self.entries.stored):
            own = node.key == target.key
            if node.key in self.rounds.places:
                self._store_in_rounds(node)
                continue
            known_as, sums = name if own else self._named(node), self.rounds.sums
            if node.key in sums:
                self.store(sums[node.key], known_as, given and own)
                self.entries.stored[node.key] = known_as
            else:
                self._store(node, known_as, given and own)

    def section(self, node: Code) -> list[str]:
        """The lines among which an array is computed."""
        return (self.before, self.block, self.behind)[self._order.section(node)]

    def _store_pieces(self, target: Code, name: str) -> None:
        """Compute the pieces of a given array in their places."""
        offset = 0
        for x in target.args:
            piece = x
            while piece.word in ("reshape", "flatten"):
                piece = piece.args[0]
            if piece.args and piece.key not in self.entries.stored and piece.word not in VIEWS and not piece.shape[2]:
                own = self._named(piece)
                place = self.frame.place
                self.before.append(
                    self.entries.numbers.declared(place, batched=False, name=own, base=name, offset=offset)
                )
                self.store(piece, own, given=True)
                self._in_place.add((target.key, offset))
            offset += size(x)[0] * size(x)[1]

    def _named(self, node: Code) -> str:
        return self.context.names.get(node.key) or next(self._names)

    def _store(self, node: Code, name: str, given: bool = False) -> None:
        numbers, (r, c), batched = self.entries.numbers, size(node), node.shape[2]
        lines = self._commented(node)
        if not given and (place := self.entries.place(node)):
            lines.append(numbers.declared(self.frame.part, batched=batched, name=name, base=place[0], offset=place[1]))
        elif over_examples(node):
            self._store_sum(node, name, given)
        else:
            found = (filled if given else _filled)(self.entries, node, name, self._in_place)
            if is_number(node) and not given:
                self.entries.single.add(name)
                text = f"{name} = "
                number = partial(numbers.declared, self.frame.number, batched=batched, name=name)
                found = [number(text=x.removeprefix(text)[:-1]) if x.startswith(text) else x for x in found]
            elif not given:
                lines.append(numbers.declared(self.frame.array, batched=batched, name=name, size=r * c))
            lines += found
        self.entries.stored[node.key] = name

    def _commented(self, node: Code) -> list[str]:
        """The lines among which an array is computed, its comment the last one."""
        lines = self.section(node)
        lines += [self._comment] * bool(self._comment)
        self._comment = ""
        return lines

    def _store_in_rounds(self, node: Code) -> None:
        """One of the arrays that are met round after round: those of a run are written with its last one."""
        (arrays, k), run, count = self.rounds.places[node.key], self.rounds.runs.get(node.key), math.prod(size(node))
        if not arrays.declared:
            arrays.name, arrays.declared = arrays.name or next(self._names), True
            self.entries.single.update([arrays.name] * (count == 1))
            kind, shape = (self.frame.arrays, count) if count > 1 else (self.frame.array, arrays.count)
            declared = partial(self.entries.numbers.declared, kind, name=arrays.name, count=arrays.count, size=shape)
            self.section(node).append(declared(batched=node.shape[2]))
        if run and node.key != run.rounds[0][0].key:
            self._comment = ""
        lines = self._commented(node)
        if not run:
            lines += _filled(self.entries, node, f"{arrays.name}[{k}]")
        self.entries.stored[node.key] = f"{arrays.name}[{k}]"
        if run and node.key == run.rounds[-1][-1].key:
            lines += self.rounds.loop(run.rounds, partial(_round, self.entries, run), run.start, top=True)

    def _store_sum(self, node: Code, name: str, given: bool) -> None:
        """A sum over the examples: one sum for each lane of a vector of examples, and at the end their sum."""
        numbers, sums, (r, c) = self.entries.numbers, self.context.unique(f"{name}_sums"), size(node)
        terms = node.args if node.word == "total" else [node]
        array, at_places = self.frame.array, terms[0].word == "sums_at"
        self.before.append(numbers.declared(array, batched=not at_places, name=sums, size=r * c))
        self.before.append(self.frame.clear.format(name=sums))
        self.block += self.rounds.loop([[x] for x in terms], lambda _, x: summed(self.entries, x, sums))
        if not given:
            self.behind.append(numbers.declared(array, batched=False, name=name, size=r * c))
        total = "{name}[{k}] = {sums}[{k}];" if at_places else self.frame.over_lanes
        self.behind += self.entries.nest((r * c,), lambda k: [total.format(name=name, sums=sums, k=k)])


def computed(frame: Frame, f: Function) -> Loops:
    """The loops that compute a function's named arrays, with its comments."""
    loops = Loops(frame, f)
    for step in f.steps:
        if isinstance(step, str):
            comment = f.context.language.comment.format(step)
            if step == "backward":
                (loops.block if f.over_data else loops.before).append(comment)
            else:
                loops.comment(comment)
        elif name := f.context.names.get(step.key):
            loops.store(step, name)
    return loops


def constants(loops: Loops, language: Language) -> Iterator[tuple[str, bool, list[str]]]:
    """For each array of constants that is read its name, whether it holds floats, and its numbers."""
    read = {*re.findall(r"\w+", " ".join([*loops.before, *loops.block, *loops.behind]))}
    for name, data in loops.context.constants.items():
        if name in read:
            floats = data.dtype.kind == "f"
            yield name, floats, [*map(language.literal if floats else str, data.ravel().tolist())]


# --- the entries of an array ------------------------------------------------------------------------------------------


def _round(e: Entries, run: Run, t: Index, *nodes: Code) -> list[str]:
    """The lines of a round."""
    stored = zip(run.arrays, nodes, strict=True)
    return [line for arrays, node in stored for line in _filled(e, node, f"{arrays.name}[{t}]")]


def _filled(e: Entries, node: Code, name: str, in_place: Set[tuple[int, int]] = frozenset()) -> list[str]:
    """Loops that compute the entries of an array, or a number."""
    lines = filled(e, node, name, in_place)
    return [re.sub(rf"\b{re.escape(name)}\[0\]", name, line) for line in lines] if is_number(node) else lines


def filled(e: Entries, node: Code, name: str, in_place: Set[tuple[int, int]] = frozenset()) -> list[str]:
    """Loops that compute the entries of an array; those of the pieces `in_place` are computed."""
    if node.word in ("reshape", "flatten") and node.args[0].key not in e.stored:
        return filled(e, node.args[0], name, in_place)
    if node.key not in e.stored:
        if node.word == "stack":
            return _stack(e, node, name, in_place)
        if node.word in (*LOOPS, "total"):
            loops = {"scatter": _scatter, "others": _others, "sums_at": _sums_at, "total": _total}
            lines: list[str] = loops[node.word](e, node, name)
            return lines
        if wide(node) and node.args[1].word != "transpose":
            return _wide_product(e, node, name)
    return _entries(e, node, node, name)


def _entries(e: Entries, node: Code, x: Code, name: str, start: Index = 0, sign: str = "=") -> list[str]:
    """Loops that write the entries of x into an array like `node`, from a place on, or add them there."""

    def entry(i: Index, j: Index) -> list[str]:
        lines: list[str] = []
        code = e.entry(x, i, j, lines)
        if x.word in COMPARISONS:  # which C does not keep in an array of numbers
            code = Code("mask", (code,), (), code.shape)
        place = plus(at(i, size(x)[1], j), start)
        return [*lines, f"{name}[{place}] {sign} {e.numbers.text(node.shape[2], code, whole=True)};"]

    return e.nest(size(x), entry)


def _stack(e: Entries, node: Code, name: str, in_place: Set[tuple[int, int]]) -> list[str]:
    lines: list[str] = []
    start = 0
    for group in e.rounds.grouped(node.args):
        count = math.prod(size(group[0]))

        def piece(t: Index, x: Code, start: int, count: int = count) -> list[str]:
            inner = x.args[0] if x.word in ("reshape", "flatten") and x.key not in e.stored else x
            return _entries(e, node, inner, name, plus(at(t, count, 0), start))

        alone = any((node.key, start + k * count) in in_place for k in range(len(group)))
        for pieces in zip(group) if alone else [group]:
            if (node.key, start) not in in_place:
                lines += e.rounds.loop([[x] for x in pieces], partial(piece, start=start))
            start += count * len(pieces)
    return lines


def _total(e: Entries, node: Code, name: str) -> list[str]:
    terms = [[x] for x in node.args]
    return [*_cleared(e, node, name), *e.rounds.loop(terms, lambda _, x: _entries(e, node, x, name, sign="+="))]


def _cleared(e: Entries, node: Code, name: str) -> list[str]:
    return e.nest((math.prod(size(node)),), lambda k: [f"{name}[{k}] = {e.numbers.zero(node)};"])


def _scatter(e: Entries, node: Code, name: str) -> list[str]:
    (index, rows, _), c = node.args, size(node)[1]

    def add(i: Index, j: Index) -> list[str]:
        return [f"{name}[{at(e.read(index, i), c, j)}] += {e.read(rows, i, j)};"]

    return _cleared(e, node, name) + e.nest((rows.shape[0], c), add)


def _sums_at(e: Entries, node: Code, name: str) -> list[str]:
    return _cleared(e, node, name) + summed_at(e, node, name)


def summed(e: Entries, node: Code, name: str) -> list[str]:
    """Loops that add to the sums over the examples what one block of them contributes."""
    if node.word == "sums_at":
        return summed_at(e, node, name)
    x = node.args[0]

    def add(i: Index, k: Index, j: Index) -> list[str]:
        lines: list[str] = []
        code = e.entry(x, i, k if node.word == "sum_batch" else j, lines)
        if node.word == "matmul":
            code = e.numbers.product(x.shape[2], code, e.entry(node.args[1], j, k, lines))
        return [*lines, f"{name}[{at(i, size(node)[1], k)}] += {e.numbers.text(x.shape[2], code)};"]

    return e.nest((*size(node), 1 if node.word == "sum_batch" else size(x)[1]), add)


def summed_at(e: Entries, node: Code, name: str) -> list[str]:
    """Loops that add the entries of a matrix to the places of their columns in an array."""
    (x, index), (r, c) = node.args, size(node)
    batched = x.shape[2]

    def add(i: Index, j: Index) -> list[str]:
        lines: list[str] = []
        where, number = (e.numbers.text(batched, e.entry(y, i, j, lines), whole=True) for y in (index, x))
        parts = {"base": name, "first": at(i, c, 0), "count": c, "index": where, "number": number}
        return [*lines, e.frame.scatter[not batched].format(**parts)]

    return e.nest((r, size(x)[1]), add)


def _others(e: Entries, node: Code, name: str) -> list[str]:
    """Sums of what stands above, then of what stands below: the whole minus an entry would lose digits."""
    (x,), (r, c), s = node.args, size(node), next(e.sums)
    zero = e.numbers.zero(node)

    def column(j: Index) -> list[str]:
        def down(i: Index) -> list[str]:
            return [f"{name}[{at(i, c, j)}] = {s};", f"{s} += {e.read(x, i, j)};"]

        def up(i: Index) -> list[str]:
            i = f"{r - 1} - {i}"
            return [f"{name}[{at(i, c, j)}] += {s};", f"{s} += {e.read(x, i, j)};"]

        start = e.numbers.declared(e.frame.number, batched=node.shape[2], name=s, text=zero)
        return ["{", *(f"    {x}" for x in [start, *e.nest((r,), down), f"{s} = {zero};", *e.nest((r,), up)]), "}"]

    return e.nest((c,), column)


def _wide_product(e: Entries, node: Code, name: str) -> list[str]:
    """A product that adds up whole rows, one behind the other in memory."""
    (left, right), (r, c) = node.args, size(node)

    def row(i: Index) -> list[str]:
        def add(k: Index, j: Index) -> list[str]:
            return [f"{name}[{at(i, c, j)}] += {e.read(left, i, k)} * {e.read(right, k, j)};"]

        clear = e.nest((c,), lambda j: [f"{name}[{at(i, c, j)}] = {e.numbers.zero(node)};"])
        return clear + e.nest((left.shape[1], c), add)

    return e.nest((r,), row)
