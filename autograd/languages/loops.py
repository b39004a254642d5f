"""Expressions of arrays as loops over their entries: the one pass that C and JavaScript over typed arrays share.

An array of the graph is stored, is read where it lies in another one, or is computed where its only reader wants it. What
does not depend on the data is computed before the loop over the examples, and what needs a sum over them behind it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import count

from autograd.languages.assignments import Function, nodes_of
from autograd.languages.code import Code, Context
from autograd.languages.entries import SUMS, VIEWS, Entries, Frame, Index, at, plus, size
from autograd.languages.forms import Language
from autograd.languages.numpy import COMPARISONS

LOOPS = ("stack", "scatter", "others", "sums_at")  # what has loops of its own
DEEPEST = 12  # operations in one expression; a deeper one is stored in parts


class _Readers:
    """The expressions that read each expression."""

    def __init__(self, context: Context, targets: Sequence[Code]) -> None:
        self.context = context
        self._of: dict[int, list[Code]] = defaultdict(list)
        self._deep: dict[int, int] = {}  # the operations of an expression that is not stored
        for node in nodes_of(targets, {}):
            for x in node.args:
                self._of[x.key].append(node)

    def want_it_stored(self, node: Code) -> bool:
        """Whether an array is stored, and not computed where it is read."""
        if not node.args or node.key in self.context.names or node.word in VIEWS:
            return bool(node.args) and node.key in self.context.names
        readers = self._of[node.key]
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


class Loops:
    """Loops that compute arrays, in the order in which they are asked for: before, in and behind that over the examples."""

    def __init__(self, frame: Frame, context: Context, targets: Sequence[Code]) -> None:
        self.frame, self.context, self.entries = frame, context, Entries(frame)
        self.before: list[str] = []
        self.block: list[str] = []
        self.behind: list[str] = []
        self._late: set[int] = set()  # what needs a sum over the examples
        self._readers = _Readers(context, targets)
        self._in_place: set[int] = set()  # pieces of a stack that are computed where they belong
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
        for node in nodes_of([target], self.entries.stored):
            if over_examples(node) or any(x.key in self._late for x in node.args):
                self._late.add(node.key)
            if node.key == target.key:
                self._store(node, name, given)
            elif self._readers.want_it_stored(node):
                self._store(node, self._named(node))

    def section(self, node: Code) -> list[str]:
        """The lines among which an array is computed."""
        if node.shape[2] or any(x.shape[2] for x in node.args if not over_examples(node)):
            assert node.key not in self._late, "a number of every example needs no sum over all of them"
            return self.block
        return self.behind if node.key in self._late else self.before

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
                self._in_place.add(x.key)
            offset += size(x)[0] * size(x)[1]

    def _named(self, node: Code) -> str:
        return self.context.names.get(node.key) or next(self._names)

    def _store(self, node: Code, name: str, given: bool = False) -> None:
        numbers, (r, c), batched = self.entries.numbers, size(node), node.shape[2]
        lines = self.section(node)
        if self._comment:
            lines.append(self._comment)
            self._comment = ""
        if not given and (place := self.entries.place(node)):
            lines.append(numbers.declared(self.frame.part, batched=batched, name=name, base=place[0], offset=place[1]))
        elif over_examples(node):
            self._store_sum(node, name, given)
        else:
            found = filled(self.entries, node, name, self._in_place)
            if r * c == 1 and not given and node.word not in LOOPS:
                self.entries.single.add(node.key)
                *found, last = (re.sub(rf"\b{name}\[0\]", name, line) for line in found)
                text = last.removeprefix(f"{name} = ")[:-1]
                found.append(numbers.declared(self.frame.number, batched=batched, name=name, text=text))
            elif not given:
                lines.append(numbers.declared(self.frame.array, batched=batched, name=name, size=r * c))
            lines += found
        self.entries.stored[node.key] = name

    def _store_sum(self, node: Code, name: str, given: bool) -> None:
        """A sum over the examples: one sum for each lane of a vector of examples, and at the end their sum."""
        numbers, x, sums, (r, c) = self.entries.numbers, node.args[0], f"{name}_sums", size(node)
        array, at_places = self.frame.array, node.word == "sums_at"
        self.before.append(numbers.declared(array, batched=not at_places, name=sums, size=r * c))
        self.before.append(self.frame.clear.format(name=sums))

        def add(i: Index, k: Index, j: Index) -> list[str]:
            lines: list[str] = []
            code = self.entries.entry(x, i, k if node.word == "sum_batch" else j, lines)
            if node.word == "matmul":
                code = numbers.product(x.shape[2], code, self.entries.entry(node.args[1], j, k, lines))
            return [*lines, f"{sums}[{at(i, c, k)}] += {numbers.text(x.shape[2], code)};"]

        counts = (r, c, 1 if node.word == "sum_batch" else size(x)[1])
        self.block += summed_at(self.entries, node, sums) if at_places else self.entries.nest(counts, add)
        if not given:
            self.behind.append(numbers.declared(array, batched=False, name=name, size=r * c))
        total = "{name}[{k}] = {sums}[{k}];" if at_places else self.frame.over_lanes
        self.behind += self.entries.nest((r * c,), lambda k: [total.format(name=name, sums=sums, k=k)])


def computed(frame: Frame, f: Function) -> Loops:
    """The loops that compute a function's named arrays, with its comments."""
    loops = Loops(frame, f.context, f.targets)
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


def constants(context: Context, language: Language) -> Iterator[tuple[str, bool, list[str]]]:
    """For each array of constants its name, whether it holds floats, and its numbers as a language writes them."""
    for name, data in context.constants.items():
        floats = data.dtype.kind == "f"
        yield name, floats, [*map(language.literal if floats else str, data.ravel().tolist())]


def over_examples(node: Code) -> bool:
    """Whether this is a sum over the examples."""
    return (
        node.word in ("matmul", "sum_columns", "sum_batch", "sums_at") and node.args[0].shape[2] and not node.shape[2]
    )


def wide(node: Code) -> bool:
    """Whether this is a matrix product with several columns, which are no examples."""
    return node.word == "matmul" and node.shape[1] > 1


# --- the entries of an array ------------------------------------------------------------------------------------------


def filled(e: Entries, node: Code, name: str, in_place: Sequence[int] | set[int] = ()) -> list[str]:
    """Loops that compute the entries of an array; those of the pieces `in_place` are computed."""
    if node.word in ("reshape", "flatten") and node.args[0].key not in e.stored:
        return filled(e, node.args[0], name, in_place)
    if node.key not in e.stored:
        if node.word == "stack":
            return _stack(e, node, name, in_place)
        if node.word in LOOPS:
            return {"scatter": _scatter, "others": _others, "sums_at": _sums_at}[node.word](e, node, name)
        if wide(node) and node.args[1].word != "transpose":
            return _wide_product(e, node, name)
    return _entries(e, node, node, name, 0)


def _entries(e: Entries, node: Code, x: Code, name: str, start: int) -> list[str]:
    """Loops that write the entries of x into an array like `node`, from a place on."""

    def entry(i: Index, j: Index) -> list[str]:
        lines: list[str] = []
        code = e.entry(x, i, j, lines)
        if x.word in COMPARISONS:  # which C does not keep in an array of numbers
            code = Code("mask", (code,), (), code.shape)
        place = plus(at(i, size(x)[1], j), start)
        return [*lines, f"{name}[{place}] = {e.numbers.text(node.shape[2], code, whole=True)};"]

    return e.nest(size(x), entry)


def _stack(e: Entries, node: Code, name: str, in_place: Sequence[int] | set[int]) -> list[str]:
    lines: list[str] = []
    start = 0
    for x in node.args:
        inner = x.args[0] if x.word in ("reshape", "flatten") and x.key not in e.stored else x
        if x.key not in in_place:
            lines += _entries(e, node, inner, name, start)
        start += size(x)[0] * size(x)[1]
    return lines


def _scatter(e: Entries, node: Code, name: str) -> list[str]:
    (index, rows, _), (r, c) = node.args, size(node)

    def add(i: Index, j: Index) -> list[str]:
        return [f"{name}[{at(e.read(index, i), c, j)}] += {e.read(rows, i, j)};"]

    clear = e.nest((r * c,), lambda k: [f"{name}[{k}] = {e.numbers.zero(node)};"])
    return clear + e.nest((rows.shape[0], c), add)


def _sums_at(e: Entries, node: Code, name: str) -> list[str]:
    clear = e.nest((node.shape[0] * node.shape[1],), lambda k: [f"{name}[{k}] = {e.numbers.zero(node)};"])
    return clear + summed_at(e, node, name)


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
