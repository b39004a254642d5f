"""Checks of arguments: Values, one of some words, a whole number, a function. Anything else is refused."""

from __future__ import annotations

from numbers import Integral
from typing import Any, Literal, get_args

from autograd import nesting
from autograd.chain import Chain
from autograd.value import Value
from viz.numbers import printable

Detail = Literal["auto", "values", "stages"]
Direction = Literal["auto", "right", "down"]
Theme = Literal["auto", "light", "dark"]


def values_in(output: Any) -> list[Value]:
    """The Values in a Value or a nesting of them, or that a Chain gave last, each once; TypeError for anything else."""
    if isinstance(output, Chain):
        if not output.stages:
            raise ValueError(
                f"{printable(repr(output), 60)} was not called yet: its picture is that of its latest call"
            )
        output = output.stages[-1].output
    given = nesting.flat(output) or [output]
    for x in given:
        if not isinstance(x, Value):
            raise TypeError(
                f"what is shown is the graph of a Value; got {type(x).__name__} {printable(repr(x), 60)}: pass the result of a "
                "computation on Values, such as model(x), or a list of them (float(v), math.exp(v) and v.data are numbers without a graph)"
            )
    return list(dict.fromkeys(given))


def choice(name: str, given: Any, words: Any) -> None:
    """ValueError for anything but one of the words of a Literal."""
    if given not in get_args(words):
        raise ValueError(f"{name} is one of {', '.join(map(repr, get_args(words)))}; got {given!r}")


def whole(name: str, given: Any, least: int) -> None:
    """ValueError for anything but a whole number from the least on."""
    if not isinstance(given, Integral) or given < least:
        raise ValueError(f"{name} is a whole number from {least} on; got {given!r}")


MODEL = "model is a Module, such as nn.MLP(2, [3, 1]), or a function of one example"


def called(given: Any, needed: str) -> Any:
    """Whatever can be called; TypeError for a text, a class that is not called yet, or nothing."""
    if isinstance(given, type) or not callable(given):
        raise TypeError(f"{needed}; got {told(given)}")
    return given


def told(given: Any) -> str:
    """An argument in a few words."""
    name = getattr(given, "__name__", "")
    return f"the class {name}" if isinstance(given, type) else name or printable(repr(given), 60)
