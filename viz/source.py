"""A function run under watch: the line of its source that makes each Value, and what it was computing when it failed.

Python's tracing tells of each Value that a row gives back, and of each step of the reader's own functions that have loops,
while the function runs and at no other time: whoever does not ask pays nothing.
"""

from __future__ import annotations

import inspect
import linecache
import sys
import sysconfig
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from numbers import Real
from pathlib import Path
from types import CodeType, FrameType, TracebackType
from typing import Any, NamedTuple

import numpy as np

import autograd
from autograd import docstrings, nesting, ops
from autograd.arrays import array
from autograd.chain import Chain
from autograd.guards import transforming
from autograd.ops import Op
from autograd.value import Value, applied, node
from viz.source_loops import Rounds, Told, part_at, regions

MOST_CALLS = 6  # of the calls around a line, the innermost are told
COMPREHENSIONS = ("<listcomp>", "<setcomp>", "<dictcomp>")  # frames of their own until Python 3.12
NEAR = 2  # lines between two functions that are listed as one text
HOME = Path(autograd.__file__).parents[1]
ENGINE = tuple(f"{HOME / name}" for name in ("autograd", "viz"))
PYTHON = tuple(sysconfig.get_paths()[name] for name in ("stdlib", "platstdlib"))
LIBRARIES = (*ENGINE, *PYTHON, f"{Path(np.__file__).parent}", f"{HOME / 'nn'}", "<frozen", "<__array_function__")


class Place(NamedTuple):
    """A line of a function, and the part of the line that was at work."""

    code: CodeType
    line: int
    part: tuple[int, int] | None  # the characters from … to, where they are known and on this line
    rounds: Told


class Failure(NamedTuple):
    """An operation that had no value: what it was, its operands, and what else was computed before."""

    what: str
    operands: Sequence[Value]
    others: Sequence[Value]  # that nothing was computed from
    message: str


class Watch:
    """A tracer that notes, for each Value made, the lines of the reader's functions at work, the innermost first."""

    def __init__(self, f: Callable[..., Any]) -> None:
        self.own = {name for name in _files(f) if not name.startswith(ENGINE)}
        self.places: dict[Value, list[Place]] = {}
        self.state: dict[FrameType, Rounds] = {}

    def __call__(self, frame: FrameType, _event: str, _arg: Any) -> Any:
        """Python's global tracer: a call begins."""
        code = frame.f_code
        if _makes(code):
            frame.f_trace_lines = False
            return self._made
        if not self.readers(code):
            return None
        self.state.setdefault(frame, Rounds())
        if not any(regions(code)):
            return None
        frame.f_trace, frame.f_trace_lines = self._stepped, False
        frame.f_trace_opcodes = True  # from Python 3.13 on it counts where there is a tracer
        return self._stepped

    def readers(self, code: CodeType) -> bool:
        """Whether it is what the reader has written, or has asked for."""
        name = code.co_filename
        library = name.startswith(LIBRARIES) or "-packages" in name  # site-packages, dist-packages
        return name in self.own or not library

    def _made(self, frame: FrameType, event: str, arg: Any) -> Any:
        if event == "return" and isinstance(arg, Value) and (around := self._around(frame.f_back)):
            self.places.setdefault(arg, around)
        return self._made

    def _stepped(self, frame: FrameType, event: str, _: Any) -> Any:
        if event == "opcode":
            self.state[frame].at(frame.f_code, frame.f_lasti)
        return self._stepped

    def _around(self, frame: FrameType | None) -> list[Place]:
        places: list[Place] = []
        while frame is not None and frame.f_code is not ran.__code__:
            if frame.f_code.co_filename == docstrings.__file__:
                return []  # an example, which is computed when an operation is first used
            if frame in self.state and len(places) < MOST_CALLS:
                place = self._place(frame)
                if frame.f_code.co_name in COMPREHENSIONS and frame.f_back in self.state:  # one line, not a call
                    frame = frame.f_back
                    place = place._replace(rounds=self._place(frame).rounds + place.rounds)
                places.append(place)
            frame = frame.f_back
        return places

    def _place(self, frame: FrameType) -> Place:
        code, line, instruction = frame.f_code, frame.f_lineno, frame.f_lasti
        return Place(code, line, part_at(code, instruction, line), self.state[frame].told(code, instruction))


def given(output: Any, args: Sequence[Any], shown: Callable[[Failure], Any]) -> tuple[Any, Watch | None]:
    """The output that a picture or a page is of: itself, or what a function gives for the arguments, and its lines."""
    if callable(output) and (args or not isinstance(output, Chain)):  # a Chain was called before
        return ran(output, args, shown)
    if args:
        raise TypeError(
            f"{args[0]!r} would be an argument of a function, but this is a graph; options have names: detail='stages'"
        )
    return output, None


def ran(f: Callable[..., Any], args: Sequence[Any], shown: Callable[[Failure], Any]) -> tuple[Any, Watch]:
    """The result of f on the arguments, and the lines that made it.

    Floats and arrays of floats become leaves that are called as the parameter is; what else there is goes as it is.
    TypeError where f takes a number out of the graph, as math.sin(x) does: a part of the gradients would be missing. An
    error that stops an operation on Values is raised with its `picture`, which `shown` makes; Jupyter shows it.
    """
    watch, given, before = Watch(f), _leaves(f, args), sys.gettrace()
    sys._getframe().f_trace_opcodes = True  # Python 3.12 asks for this before settrace
    sys.settrace(watch)
    try:
        with transforming(v for v in nesting.flat(given) if isinstance(v, Value)):
            output = f(*given)
    except Exception as error:
        sys.settrace(before)
        if failure := _failure(error, watch):
            attach(error, shown(failure))
        raise
    finally:
        sys.settrace(before)
        watch.state.clear()
    if isinstance(output, Real) and not isinstance(output, Value):
        raise TypeError(
            f"the function gave the plain number {output!r}, which has no graph: give it Values, or floats such as 3.0 "
            "(a whole number such as 3 stays one, for it may be an index)"
        )
    return output, watch


def _leaves(f: Callable[..., Any], args: Sequence[Any]) -> list[Any]:
    if isinstance(f, Chain):
        return list(args)  # it makes leaves itself
    names = nesting.positional(f)
    names += [f"x{k}" for k in range(len(names) + 1, len(args) + 1)]
    return [array(x, name, "input") if _floats(x) else x for x, name in zip(args, names, strict=False)]


def _floats(x: Any) -> bool:
    if isinstance(x, list | tuple):
        flat = nesting.flat(x)
        return any(isinstance(v, float) for v in flat) and all(isinstance(v, float | int) for v in flat)
    return isinstance(x, float) or (isinstance(x, np.ndarray) and x.dtype.kind == "f")


# --- the reader's source ----------------------------------------------------------------------------------------------


def _files(f: Any) -> Iterator[str]:
    """The files of the functions of which f is made."""
    if isinstance(f, Chain):
        for part in f.functions.values():
            yield from _files(part)
    elif isinstance(f, partial):
        yield from _files(f.func)
    else:
        f = inspect.unwrap(f)
        code = getattr(f, "__code__", None) or getattr(type(f).__call__, "__code__", None)
        if isinstance(code, CodeType):
            yield code.co_filename


def _makes(code: CodeType) -> bool:
    return code is applied.__code__ or code.co_filename.startswith("<the row ")


def listing(places: Sequence[Sequence[Place]]) -> dict[str, Any] | None:
    """The functions with their lines, and for each Value its lines in them, as data of a page; None without source."""
    places = [[place for place in stack if linecache.getlines(place.code.co_filename)] for stack in places]
    if not any(places):
        return None
    spans: dict[str, list[list[Any]]] = {}
    for place in (place for stack in places for place in reversed(stack)):
        spans.setdefault(place.code.co_filename, []).append(_span(place.code))
    parts = [(name, *span) for name, found in spans.items() for span in _merged(found)]
    texts = [linecache.getlines(name)[first - 1 : last] for name, first, last, _ in parts]
    shifts = [_indent(lines) for lines in texts]

    def at(place: Place) -> list[Any]:
        name, line = place.code.co_filename, place.line
        k = next(k for k, (file, first, last, _) in enumerate(parts) if file == name and first <= line <= last)
        part = [max(0, c - shifts[k]) for c in place.part or ()]
        return [k, line - parts[k][1], part, [[round_, last[0]] for round_, last in place.rounds]]

    return {
        "parts": [
            {"name": title, "first": first, "lines": [line[shift:].rstrip() for line in lines]}
            for (_, first, _, title), lines, shift in zip(parts, texts, shifts, strict=True)
        ],
        "at": [[at(place) for place in stack] for stack in places],
    }


def _span(code: CodeType) -> list[Any]:
    """First and last line of a function, and its name."""
    lines = {line for *_, line in code.co_lines() if line}
    try:
        block, first = inspect.getsourcelines(code)
    except (OSError, IndexError, SyntaxError):
        block, first = [], code.co_firstlineno
    return [min(first, *lines), max(first + len(block) - 1, *lines), code.co_qualname.rpartition("<locals>.")[2]]


def _merged(spans: list[list[Any]]) -> list[list[Any]]:
    """Spans without overlap, in the order in which they were met."""
    merged: list[list[Any]] = []
    for first, last, title in spans:
        near = [s for s in merged if s[0] <= last + NEAR and first <= s[1] + NEAR]
        whole = [min([first, *(s[0] for s in near)]), max([last, *(s[1] for s in near)]), near[0][2] if near else title]
        at = merged.index(near[0]) if near else len(merged)
        merged = [s for s in merged[:at] if s not in near] + [whole] + [s for s in merged[at:] if s not in near]
    return merged


def _indent(lines: Sequence[str]) -> int:
    return min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)


# --- an operation that fails ------------------------------------------------------------------------------------------


def _failure(error: Exception, watch: Watch) -> Failure | None:
    """The operation that an error stopped; None where it was none on Values."""
    steps: list[tuple[FrameType, TracebackType]] = []
    tb = error.__traceback__
    while tb:
        steps.append((tb.tb_frame, tb))
        tb = tb.tb_next
    last = max((k for k, (frame, _) in enumerate(steps) if frame in watch.state), default=None)
    if last is None:
        return None
    frame, tb = steps[last]
    made = next((f for f, _ in steps[last:] if _makes(f.f_code)), None)
    inner = made or (steps[last + 1][0] if len(steps) > last + 1 else None)
    operands = _operands(inner) if inner else []
    if not operands:
        return None
    line = linecache.getline(frame.f_code.co_filename, tb.tb_lineno)
    part = part_at(frame.f_code, tb.tb_lasti, tb.tb_lineno)
    what = _row(made).label if made else line[slice(*part)] if part else line.strip() or "this operation"
    taken = {p for v in watch.places for p in v.parents} | set(operands)
    return Failure(what, operands, [v for v in watch.places if v not in taken], str(error))


def _row(frame: FrameType) -> Op:
    return frame.f_globals["op"] if "op" in frame.f_globals else frame.f_locals["op"]  # type: ignore[no-any-return]


def _operands(frame: FrameType) -> list[Value]:
    names, rest, _, here = inspect.getargvalues(frame)
    given = [*(here[name] for name in names if name in here), *(here.get(rest, ()) if rest else ())]
    return list(dict.fromkeys(v for v in nesting.flat(given) if isinstance(v, Value)))


def without_value(failure: Failure) -> Value:
    """A node in the place of the one that was not made."""
    none = [float("nan")] * len(failure.operands)
    return node(ops.sum, float("nan"), failure.operands, none)


def attach(error: Any, picture: Any) -> None:
    """Give an error its picture: as an attribute, which a note names, and in IPython once above its traceback."""
    error.picture = picture
    error.add_note("The graph up to this point is the error's picture: error.picture.save('error.svg') writes it.")

    def traceback() -> Any:
        ipython: Any = sys.modules["IPython"]
        del error._render_traceback_  # IPython asks once to show it, and once to keep its text
        ipython.display.display(picture)
        return ipython.get_ipython().InteractiveTB.structured_traceback(type(error), error, error.__traceback__)

    error._render_traceback_ = traceback
