"""Stepping through a graph, forward and backward: a page of its own, or an animated picture without a script."""

from __future__ import annotations

import json
import math
import zlib
from base64 import b64encode
from collections.abc import Mapping, Sequence
from contextvars import Context
from copy import deepcopy
from html import escape
from os import PathLike
from pathlib import Path
from typing import Any

from autograd.arrays import zero_grad
from autograd.refusals import ERRORS
from autograd.tape import wengert_list
from autograd.value import Value
from viz.arguments import Detail, Direction, Theme, choice, values_in, whole
from viz.files import saved
from viz.once import once
from viz.page import exercise
from viz.page.animation import animated
from viz.page.assembly import Page, assembled, read, scripts
from viz.page.facts import gathered, level
from viz.page.scopes import insides, nested
from viz.picture import cards, formats, stages
from viz.picture.diagram import Diagram, failed
from viz.picture.paint import uid, without_tooltips
from viz.picture.scene import unchanged
from viz.source import Failure, attach, given, listing

# fmt: off
SCRIPTS = (  # one script, in this order
    "data", "numbers", "nodes", "zeros", "graph", "narration", "picture", "motion", "source", "controls",
    "quiz", "mistakes", "answer", "scopes", "view", "theme",
)
# fmt: on
MOST_STEPS, MOST_VALUES = 400, 20_000  # of a page by values; of a page
Shown = tuple[Sequence[Diagram], Mapping[str, Diagram]]  # pictures, and those of the scopes that open, by panel
WIDTH, BESIDE_CODE, HEIGHT = 1400, 850, 700  # pixels that a page leaves to the picture


class Steps(Page):
    """A graph to be stepped through. It shows itself in Jupyter, and `save` writes the page or the animation.

    >>> lesson = steps(Value(2.0, "x").exp())
    >>> lesson.html[:15], lesson.svg[:4]
    ('<!doctype html>', '<svg')
    """

    title = "Step through the graph"
    advice = "Trust this notebook to step through them, or write them to a page of their own by .save('steps.html')."

    def __init__(self, shown: Shown, data: dict[str, Any], functions: str, notes: Sequence[str]) -> None:
        (self.pictures, self.insides), self.data, self.functions, self.notes = shown, data, functions, notes
        self.picture = self.pictures[0]
        self.theme = self.picture.theme

    @once
    def html(self) -> str:
        """The page: one file that needs no other, no network, and runs no script but its own."""
        script, facts = scripts(*SCRIPTS).replace("/*rows*/[]", self.functions), self.data | {"packed": self._packed}
        parts = {"css": read("steps.css"), "svg": self._within(self.picture), "notes": escape(" ".join(self.notes))}
        return assembled("steps.html", script, facts, self.theme, repr(self.picture)[1:-1], **parts)

    @once
    def svg(self) -> str:
        """The animation: it plays wherever a picture is shown, and is the finished picture without style sheets."""
        return animated(self.picture.svg, self.data)

    def _within(self, picture: Diagram) -> str:
        level, hidden = "stages" if picture.scene.staged else "values", "" if picture is self.picture else " hidden=''"
        return self._told(picture.svg).replace("<svg ", f'<svg data-level="{level}"{hidden} ', 1)

    def _told(self, svg: str) -> str:
        # Tooltips give away the numbers that are not computed or predicted yet; the page writes its own.
        return without_tooltips(exercise.blanked(svg) if self.data["asked"] else svg)

    @property
    def _packed(self) -> str:
        """The other picture and those inside, which nobody sees at first, in a quarter of the room."""
        outer = next((uid(picture.svg) for picture in self.pictures if picture.scene.staged), "")
        inside = "".join(nested(self._told(within.svg), key, outer) for key, within in self.insides.items())
        text = json.dumps(["".join(map(self._within, self.pictures[1:])), inside])
        return b64encode(zlib.compress(text.encode(), 9)).decode()

    def save(self, path: str | PathLike[str]) -> Path:
        """Write the page, .html, or the animation, .svg; returns the path. ValueError for another suffix."""
        return saved(self, "lesson", path, {".html": "html", ".svg": "svg"}, ".html, a page, or .svg, an animation")

    def __repr__(self) -> str:
        k, total = len(self.data["groups"]), self.picture.scene.total
        return f"<{k} step{'s' * (k != 1)} forward and {k} back through a graph of {total} values>"

    @property
    def below(self) -> str:
        """A note and the picture."""
        source = formats.address(without_tooltips(self.picture.svg))
        picture = f'<img alt="" src="{source}" style="max-width:100%;max-height:560px">'
        return super().below + ("" if self.data["asked"] else picture)  # a finished picture gives the answers away


def steps(
    output: Any,
    *args: Any,
    detail: Detail = "auto",
    predict: Any = (),
    direction: Direction = "auto",
    theme: Theme = "auto",
    digits: int = 4,
) -> Steps:
    """Step through the computation of a Value, or of a Chain's, and back through its gradients: a page, and an animation.

    Of a function and its arguments, `steps(f, *args)`, the page shows f's source beside the graph and marks the line that
    makes each value, forward and on the way back; functions of the reader's own that f calls are shown too. Floats and
    arrays of floats among the arguments become leaves called as the parameters are. An error that stops f carries the
    graph up to there as `error.picture`.

    With detail "values" a step computes one value, or passes its gradient on to its operands; with "stages" one scope,
    as in `draw`; "auto" is values up to 400 steps. In the page a single stage opens to its values, where those are 60 or
    fewer, while the others stay folded. The page makes a backward pass of its own: `.grad` is neither read
    nor changed. There the reader may change the number of any leaf. `predict` holds Values, whose gradients stay blank
    until the reader has answered, or pairs (operand, result), whose local derivatives do. With predict="all" the page is
    an exercise: first worked examples, then gradients whose products are asked before their number, and at last numbers
    alone. There Hand in writes a text that `check` reads.

    TypeError for anything but one Value, ValueError for a leaf that has changed since, for a graph of more than 20,000
    values, and where `predict` is no part of the graph; where a derivative does not exist, the error of backward.

    >>> x = Value(3.0, "x")
    >>> steps(x * x + 1)
    <2 steps forward and 2 back through a graph of 4 values>
    """
    choice("direction", direction, Direction)
    choice("theme", theme, Theme)
    whole("digits", digits, 2)
    output, watch = given(output, args, failed)
    order = _order(output)
    asked = exercise.questions(order) if predict == "all" else _asked(predict, {v: k for k, v in enumerate(order)})
    levels = _levels(order, detail)
    zero_grad(twins := wengert_list([Context().run(deepcopy, order[-1])]))  # of a running transform too
    _backward(twins)
    pictures = [_picture(twins[-1], name, direction, theme, digits, BESIDE_CODE if watch else WIDTH) for name in levels]
    within = _insides(pictures, twins, theme, digits)
    inner = {key: picture.scene for key, picture in within.items()}
    first, *other = (level(picture.scene, twins, digits, inner, named=not asked) for picture in pictures)
    facts, functions = gathered(twins, asked, first)
    facts["exercise"] = exercise.fingerprint(order) if predict == "all" else None
    facts["other"] = other[0] if other else None
    facts["code"] = listing([watch.places.get(v, []) for v in order]) if watch else None
    cut = (note.text for note in pictures[0].scene.notes if note.kind == "cut")  # the others are in the picture
    notes = [f"{text} The page computes all of them." for text in cut]
    notes += ["More than 400 steps: here they go by stages."] * (_long(order) and levels[0] == "stages")
    return Steps((pictures, within), facts, functions, notes)


def _backward(order: Sequence[Value]) -> None:
    """Gradients; where a derivative does not exist, an error that carries the graph, as one on the way forward does."""
    try:
        order[-1].backward()
    except ERRORS as error:
        missing = [v for v in reversed(order) if not all(map(math.isfinite, v.partials))][:1]
        what = f"the derivative of {missing[0].op.label}" if missing else "backward"
        attach(error, failed(Failure(what, missing, [order[-1]], str(error))))
        raise


def _order(output: Any) -> list[Value]:
    """The graph of one Value, as it was computed."""
    output, *more = values_in(output)
    if more:
        raise TypeError(f"steps go through the graph of one Value; got {1 + len(more)}: take one of them, or their sum")
    order = unchanged(wengert_list([output]))
    if len(order) > MOST_VALUES:
        raise ValueError(
            f"a page holds {MOST_VALUES:,} values; this graph has {len(order):,}: draw(…) shows its stages"
        )
    return order


def _long(order: Sequence[Value]) -> bool:
    return 2 * sum(v.op is not None for v in order) > MOST_STEPS


def _levels(order: Sequence[Value], detail: Detail) -> list[Detail]:
    """The pictures of a page: first the one that is asked for, then the other one, where there is one."""
    choice("detail", detail, Detail)
    long = _long(order) or len(order) > MOST_STEPS  # a step of many operands is long too
    scoped = any(v.scope for v in order)
    first: Detail = ("stages" if long and scoped else "values") if detail == "auto" else detail
    second: Detail = "values" if first == "stages" else "stages"
    return [first, second] if scoped and not long else [first]


def _picture(twin: Value, level: Detail, direction: Direction, theme: Theme, digits: int, width: int) -> Diagram:
    order = wengert_list([twin])
    most = MOST_STEPS // 2 if _long(order) else len(order)
    ways: tuple[Direction, ...] = ("right", "down") if direction == "auto" else (direction,)
    # By values they are numbered, since the page speaks of v1, v2, …
    scene = stages.scene(twin, 1, most, digits) if level == "stages" else cards.scene(twin, most, digits, numbered=True)
    pictures = [Diagram(scene, way, theme, legend=False) for way in ways]
    return max(pictures, key=lambda picture: min(width / picture.size[0], HEIGHT / picture.size[1]))


def _insides(pictures: Sequence[Diagram], order: Sequence[Value], theme: Theme, digits: int) -> dict[str, Diagram]:
    """The pictures of the scopes that open in the one by stages, where there is one."""
    scenes = {picture.scene.staged: picture for picture in pictures}
    if True not in scenes:
        return {}
    values = scenes[False].scene if False in scenes else cards.scene(order[-1], len(order), digits, numbered=True)
    return insides(scenes[True].scene, values, scenes[True].direction, theme)


def _asked(predict: Any, places: Mapping[Value, int]) -> list[dict[str, Any]]:
    """The questions: the place of a value in the graph, and of one of its edges if that is to be predicted."""
    asked: list[dict[str, Any]] = []
    if isinstance(predict, str | bool):
        raise TypeError(f'predict takes Values of the graph, such as predict=[w], or "all"; got {predict!r}')
    for item in [predict] if isinstance(predict, Value) else predict:
        pair = item if isinstance(item, tuple) else (item,)
        flat = [v for part in pair for v in values_in(part)]
        if missing := [v for v in flat if v not in places]:
            raise ValueError(f"there is nothing to predict of {missing[0]!r}, which is no part of this graph")
        if isinstance(item, tuple):
            if len(flat) != 2:
                raise ValueError(f"a pair is (operand, result); got {len(flat)} values")
            operand, result = flat
            edges = [k for k, p in enumerate(result.parents) if p is operand]
            if not edges:
                raise ValueError(f"{operand!r} is no operand of {result!r}: predict=(operand, result)")
            asked.append({"k": places[result], "edge": edges[0]})
        else:
            asked += [{"k": places[v]} for v in flat if v.role != "constant"]
    return asked
