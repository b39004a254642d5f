"""The loops of a function under watch: in which round of its loops and comprehensions each instruction stands, by its source."""

from __future__ import annotations

import ast
import linecache
from collections.abc import Sequence
from functools import lru_cache
from types import CodeType
from typing import Any, NamedTuple

Span = tuple[tuple[int, int], tuple[int, int]]  # from line and column, to line and column
Told = tuple[tuple[int, list[int]], ...]  # of each loop, outer ones first: this round, and how many there were at last
OUTSIDE, HEAD, START, BODY = range(4)


class Loop(NamedTuple):
    """A loop, or a part `for … in …` of a comprehension: its condition or its iterable, and what it repeats."""

    head: Span
    start: Span  # begins a round: what the next item is stored in, or the body
    body: tuple[Span, ...]

    def region(self, span: Span) -> int | None:
        """The place of a part of the source; None of one that is around the loop, or around a part of it."""
        (low, high), parts = span, (self.head, self.start, *self.body)
        if inside := [k for k, (start, end) in enumerate(parts, HEAD) if start <= low and high <= end]:
            return min(inside[-1], BODY)
        return OUTSIDE if all(high <= start or end <= low for start, end in parts) else None


@lru_cache(4096)
def _positions(code: CodeType) -> list[tuple[int | None, int | None, int | None, int | None]]:
    return list(code.co_positions())


def part_at(code: CodeType, instruction: int, line: int) -> tuple[int, int] | None:
    """The characters of the line that an instruction was compiled from."""
    first, last, start, end = _positions(code)[max(0, instruction) // 2]
    if first != line or last != line or start is None or end is None:
        return None
    text = linecache.getline(code.co_filename, line).encode()
    return len(text[:start].decode()), len(text[:end].decode())


@lru_cache(64)
def _loops(name: str) -> list[Loop]:
    """The loops of a file, outer ones first. One that is endless has no condition that would begin its rounds."""
    try:
        tree = ast.parse("".join(linecache.getlines(name)))
    except SyntaxError:
        return []
    return [loop for node in ast.walk(tree) for loop in _loops_of(node)]


def _loops_of(node: ast.AST) -> Sequence[Loop]:
    match node:
        case ast.For(target, each, body):
            return [Loop(_span(each), _span(target), (_span(body[0], body[-1]),))]
        case ast.While(test, body) if not isinstance(test, ast.Constant):
            return [Loop(_span(test), _span(body[0], body[-1]), ())]
        case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
            parts = node.generators
            made = _span(node.key, node.value) if isinstance(node, ast.DictComp) else _span(node.elt)
            inside = [made, *(_span(test) for part in parts for test in part.ifs)]
            later = [_span(part.target, part.iter) for part in parts]
            return [Loop(_span(p.iter), _span(p.target), (*inside, *later[k:])) for k, p in enumerate(parts, 1)]
    return []


def _span(first: ast.expr | ast.stmt, last: Any = None) -> Span:
    last = last or first
    return (first.lineno, first.col_offset), (last.end_lineno, last.end_col_offset)


@lru_cache(1024)
def regions(code: CodeType) -> list[list[tuple[Loop, int]]]:
    """For each instruction of a function its loops, and where in them it stands."""
    places = _positions(code)
    spans = [None if a is None or b is None or c is None or d is None else ((a, c), (b, d)) for a, b, c, d in places]
    loops = [loop for loop in _loops(code.co_filename) if any(loop.region(s) == START for s in spans if s)]
    return [[(x, r) for x in loops if s and (r := x.region(s)) is not None] for s in spans]


class Rounds:
    """The rounds of the loops that one call of a function is in."""

    def __init__(self) -> None:
        self.where: dict[Loop, int] = {}
        self.counts: dict[Loop, list[int]] = {}

    def at(self, code: CodeType, instruction: int) -> None:
        """The call comes to an instruction."""
        for loop, region in regions(code)[instruction // 2]:
            if region == OUTSIDE:
                self.counts.pop(loop, None)
            elif region == START != self.where.get(loop):
                self.counts.setdefault(loop, [0])[0] += 1
            self.where[loop] = region

    def told(self, code: CodeType, instruction: int) -> Told:
        """The rounds around an instruction."""
        found = (self.counts.get(x) for x, region in regions(code)[instruction // 2] if region >= START)
        return tuple((count[0], count) for count in found if count)
