"""One entry of an array as an expression on numbers: it is read where it is stored, or computed where it is wanted."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from autograd.languages.assignments import Script
from autograd.languages.code import Code, Context
from autograd.languages.forms import Language
from autograd.languages.numpy import COMPARISONS

VIEWS = ("picked", "slice", "every", "reshape", "flatten", "transpose", "repeat", "broadcast", "full", "split")
SUMS = ("matmul", "sum_rows", "sum_columns", "sum_batch", "max_rows")
TESTING = ("choose", "choose_number", "mask")

Index = Any  # a whole number, or the text of one
_KINDS = ("", "_one", "_each")
_CALLS = tuple(f"gathered{of}({{base}} + {{first}}, {{step}}, {{count}}, {{index}})" for of in _KINDS)


@dataclass(frozen=True)
class Frame:
    """Declarations and loops of a language: `each` writes numbers of every example, `one` all other numbers."""

    each: Language
    one: Language
    types: tuple[str, str]  # of a number of every example, and of one number
    mixed: tuple[str, ...] = ()  # words that take both kinds of numbers as they come
    array: str = "{type} {name}[{size}];"
    arrays: str = "{type} {name}[{count}][{size}];"
    clear: str = "memset({name}, 0, sizeof {name});"
    part: str = "const {type} *{name} = {base} + {offset};"
    place: str = "{type} *{name} = {base} + {offset};"
    number: str = "{type} {name} = {text};"
    loop: str = "for (int {i} = {start}; {i} < {count}; {i}++) {{"
    over_lanes: str = "{name}[{k}] = sum_of_lanes({sums}[{k}]);"
    live: str = "live"  # a number of each example, 1 or 0, that has no index
    zeros: tuple[str, str] = ("(vec){0}", "0.0")
    divide: str = "({}) / {}"
    # Of a number that is one for all at a place of every example, of one number, of a number of every example.
    gather: Sequence[str] = _CALLS
    scatter: Sequence[str] = tuple(
        f"scatter{of}({{base}} + {{first}}, {{count}}, {{index}}, {{number}});" for of in _KINDS
    )


class Numbers:
    """Numbers as a frame's languages write them, of every example or not."""

    def __init__(self, frame: Frame) -> None:
        self.frame, self._contexts = frame, (Context(frame.one), Context(frame.each))

    def context(self, batched: bool) -> Context:
        """The context of the numbers of this kind."""
        return self._contexts[batched]

    def variable(self, text: str, batched: bool) -> Code:
        """A number that stands under a name, or in an array."""
        return self.context(batched).variable(text, (0, 0, batched))

    def inside(self, batched: bool, x: Any) -> Code:
        """The code among numbers of this kind, where what is written in another language stands as a text."""
        context = self.context(batched)
        if not isinstance(x, Code):
            return context.number(x)
        if x.context is context:
            return x
        if x.word == "number":
            return context.number(x.data[0])
        return context.variable(x.data[0] if x.word == "name" else f"({Script([x]).text(x)})")

    def product(self, batched: bool, a: Code, b: Code) -> Code:
        """The product of two numbers."""
        return Code("multiply", (self.inside(batched, a), self.inside(batched, b)), (), (0, 0, batched))

    def text(self, batched: bool, x: Any, whole: bool = False) -> str:
        """The text of a number; `whole` spreads a single one over all examples."""
        code = self.inside(batched, x)
        if whole and batched and not code.shape[2]:
            code = Code("spread", (code,), (), (0, 0, True))
        return Script([code]).text(code)

    def zero(self, node: Code) -> str:
        """The number 0 of an array's kind."""
        return self.frame.zeros[not node.shape[2]]

    def declared(self, template: str, *, batched: bool, **parts: Any) -> str:
        """A declaration of a name for numbers of this kind."""
        return template.format(type=self.frame.types[not batched], **parts)


class Nest:
    """Loops in loops, whose indices are called i, j, k, … from the outermost one on."""

    def __init__(self, frame: Frame) -> None:
        self._loop, self._level = frame.loop, 0

    def __call__(self, counts: Sequence[int], body: Callable[..., list[str]]) -> list[str]:
        """The lines of `body` in as many loops as there are counts; a count of 1 needs none, and its index is 0."""
        indices: list[Index] = []
        start = self._level
        for n in counts:
            indices.append(0 if n == 1 else "ijklpq"[self._level] if self._level < 6 else f"i{self._level}")
            self._level += n != 1
        lines = body(*indices)
        for i, n in reversed([*zip(indices, counts, strict=True)]):
            if n != 1:
                lines = [self._loop.format(i=i, start=0, count=n), *("    " + line for line in lines), "}"]
        self._level = start
        return lines


class Entries:
    """Entries of arrays, as far as these are stored; what an entry needs beforehand is appended to `lines`."""

    def __init__(self, frame: Frame, context: Context) -> None:
        self.frame, self.numbers, self.nest = frame, Numbers(frame), Nest(frame)
        self.stored: dict[int, str] = {}  # the names of arrays, by their expressions
        self.single: set[str] = set()  # the names of arrays of one number
        self.rounds: Any = None  # what is met round after round
        self.sums = (context.unique(f"s{k}") for k in count())  # names for sums

    def read(self, node: Code, i: Index = 0, j: Index = 0) -> str:
        """The text of an entry of an array that is stored."""
        return self.numbers.text(node.shape[2], self.entry(node, i, j, []))

    def entry(self, node: Code, i: Index, j: Index, lines: list[str]) -> Any:
        """Code for an entry."""
        r, c, batched = node.shape
        i, j = 0 if r == 1 else i, 0 if c == 1 else j
        name = node.data[0] if node.word == "name" else self.stored.get(node.key)
        if name is not None:
            alone = not r or name.partition("[")[0] in self.single or name == self.frame.live
            entry = self.numbers.variable(name if alone else f"{name}[{at(i, max(c, 1), j)}]", batched)
            return Code("nonzero", (entry,), (), (0, 0, batched)) if node.word in COMPARISONS else entry
        if node.word == "number":
            return self.numbers.inside(batched, node.data[0])
        if node.word in VIEWS:
            return self._viewed(node, i, j, lines)
        if node.word in ("gather", "element"):
            return self._gathered(node, i, j, lines)
        return self._summed(node, i, j, lines) if node.word in SUMS else self._computed(node, i, j, lines)

    def _computed(self, node: Code, i: Index, j: Index, lines: list[str]) -> Code:
        args, mixed = [self.entry(x, i, j, lines) for x in node.args], node.word in self.frame.mixed
        batched = node.shape[2] and (not mixed or any(x.shape[2] for x in args))
        if node.word not in TESTING:  # elsewhere a comparison is a number, 1 or 0
            args = [Code("mask", (x,), (), x.shape) if x.word in COMPARISONS else x for x in args]
        args = [self.numbers.inside(batched, x) for x in args]
        if batched and not mixed:
            args = [x if x.shape[2] else Code("spread", (x,), (), (0, 0, True)) for x in args]
            if node.word in TESTING and args[0].word == "spread":
                args[0] = Code("nonzero", (args[0],), (), (0, 0, True))
        return Code(node.word, args, node.data, (0, 0, batched))

    def _viewed(self, node: Code, i: Index, j: Index, lines: list[str]) -> Any:
        x = node.args[0]
        match node.word:
            case "slice":
                return self.entry(x, plus(i, first(node)), j, lines)
            case "every":
                return self.entry(x, plus(at(i, int(node.data[2]), 0), first(node)), j, lines)
            case "transpose":
                return self.entry(x, j, i, lines)
            case "picked" if x.shape[1]:
                return self.entry(x, self.read(node.args[1], i), j, lines)
            case "picked":
                return self.entry(x, self.read(node.args[1], i, j), 0, lines)
            case "reshape" | "flatten":
                return self._flat(x, at(i, max(node.shape[1], 1), j), lines)
        return self.entry(x, i, j, lines)

    def _gathered(self, node: Code, i: Index, j: Index, lines: list[str]) -> Code:
        """An entry whose place in a row of a table, or in a column of numbers of every example, is data."""
        (table, index), batched = node.args, node.shape[2]
        place, width = self.place(table), max(table.shape[1], 1)
        assert place, "a table has a name, and so a place"
        first, step, count = (at(i, width, 0), 1, width) if node.word == "gather" else (j, width, table.shape[0])
        text = self.numbers.text(batched, self.entry(index, 0, j, lines), whole=True)
        template = self.frame.gather[2 if table.shape[2] else not batched]
        parts = {"base": place[0], "first": plus(first, place[1]), "step": step, "count": count, "index": text}
        return self.numbers.variable(template.format(**parts), batched)

    def _flat(self, x: Code, k: Index, lines: list[str]) -> Any:
        """The entry at a place in reading order."""
        c = max(x.shape[1], 1)
        if c == 1 or x.shape[0] == 1:
            return self.entry(x, k, 0, lines) if c == 1 else self.entry(x, 0, k, lines)
        if place := self.place(x):
            return self.numbers.variable(f"{place[0]}[{plus(k, place[1])}]", x.shape[2])
        return self.entry(x, self.frame.divide.format(k, c), f"({k}) % {c}", lines)

    def _summed(self, node: Code, i: Index, j: Index, lines: list[str]) -> Code:
        """An entry of a sum or a largest number, which a loop finds before it is used."""
        x, s, batched = node.args[0], next(self.sums), node.shape[2]

        def step(k: Index) -> list[str]:
            inside: list[str] = []
            code = self.entry(x, *((i, k) if node.word in ("matmul", "sum_columns") else (k, j)), lines=inside)
            if node.word == "matmul":
                code = self.numbers.product(batched, code, self.entry(node.args[1], k, j, inside))
            if node.word == "max_rows":
                code = Code("maximum", (self.numbers.variable(s, batched), code), (), (0, 0, batched))
            sign = "=" if node.word == "max_rows" else "+="
            return [*inside, f"{s} {sign} {self.numbers.text(batched, code)};"]

        n = x.shape[0] if node.word in ("sum_rows", "max_rows") else x.shape[1]
        start = self.read(x, 0, j) if node.word == "max_rows" else self.numbers.zero(node)
        lines.append(self.numbers.declared(self.frame.number, batched=batched, name=s, text=start))
        lines += self.nest((n,), step)
        return self.numbers.variable(s, batched)

    def place(self, node: Code) -> tuple[str, Index] | None:
        """The array in which the entries lie one behind the other, and where they begin; None where they do not."""
        offset: Index = 0
        while node.key not in self.stored:
            if node.word == "name":
                return (node.data[0], offset) if node.shape[0] else None
            if node.word == "slice":
                offset = plus(at(first(node), max(node.args[0].shape[1], 1), 0), offset)
            elif node.word not in ("reshape", "flatten"):
                return None
            node = node.args[0]
        return self.stored[node.key], offset


def first(node: Code) -> Index:
    """The place in an array at which a part of it begins."""
    return node.data[0] if isinstance(node.data[0], str) else int(node.data[0])


def size(node: Code) -> tuple[int, int]:
    """The rows and columns of an array; those of a vector are its length and 1."""
    return max(node.shape[0], 1), max(node.shape[1], 1)


def plus(a: Index, b: Index) -> Index:
    """a + b, as text where one of them is."""
    if isinstance(a, int) and isinstance(b, int):
        return a + b
    return b if a == 0 else a if b == 0 else f"{a} + {b}"


def at(i: Index, width: int, j: Index) -> Index:
    """i · width + j."""
    if isinstance(i, int):
        return plus(j, i * width) if isinstance(j, str) else i * width + j
    row = i if re.fullmatch(r"\w+(\[[^][]*\])?", i) else f"({i})"
    return plus(i if width == 1 else f"{row} * {width}", j)
