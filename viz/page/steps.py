"""Stepping through a graph, forward and backward: a page of its own, or an animated picture without a script."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from functools import cached_property
from html import escape
from os import PathLike
from pathlib import Path
from typing import Any

from autograd.languages.javascript import value_and_partials
from autograd.ops import Op
from autograd.stale import changed
from autograd.tape import wengert_list
from autograd.value import Value
from viz.arguments import Detail, Direction, Theme, values_in
from viz.files import saved
from viz.names import glyph, names
from viz.numbers import printable
from viz.picture.diagram import Diagram, draw
from viz.picture.scene import Grid, Panel, Scene

PAGE = Path(__file__).parent
MOST_STEPS, MOST_VALUES = 400, 20_000  # of a page by values; of a page
WINDOW = (1400, 700)  # pixels that a page leaves to the picture
SECONDS, REST = 0.7, 4.0  # of an animation: a step, and the finished picture


class Steps:
    """A graph to be stepped through. It shows itself in Jupyter, and `save` writes the page or the animation.

    >>> lesson = steps(Value(2.0, "x").exp())
    >>> lesson.html[:15], lesson.svg[:4]
    ('<!doctype html>', '<svg')
    """

    def __init__(self, picture: Diagram, data: dict[str, Any], rows: str, notes: Sequence[str]) -> None:
        self.picture, self.data, self.rows, self.notes = picture, data, rows, notes

    @cached_property
    def html(self) -> str:
        """The page: one file that needs no other, no network, and runs no script but its own."""
        from hashlib import sha256

        script = "\n" + _read("steps.js").replace("/*rows*/[]", self.rows)
        parts = {
            "theme": "" if self.picture.theme == "auto" else self.picture.theme,
            "hash": b64encode(sha256(script.encode()).digest()).decode(),
            "title": escape(repr(self.picture)[1:-1]),
            "css": _read("steps.css"),
            # Its tooltips give away what is not computed or predicted yet; the page writes its own.
            "svg": re.sub(r"<title>[^<]+</title>", "<title></title>", self.picture.svg),
            "notes": escape(" ".join(self.notes)),
            "data": _json(self.data),
            "script": script[1:],
        }
        # In one pass: what is put in may look like a place to put something in.
        return re.sub(r"\{(\w+)\}", lambda place: parts[place[1]], _read("steps.html"))

    @cached_property
    def svg(self) -> str:
        """The animation: it plays wherever a picture is shown, and is the finished picture where style sheets are not."""
        svg = self.picture.svg
        uid = svg.partition('id="')[2].partition('"')[0]
        whole = (2 * len(self.data["groups"]) + 1) * SECONDS + REST
        shown = list(_moments(self.data))
        frames = "".join(
            f"@keyframes {uid}-{k}{{0%,{100 * k * SECONDS / whole:.2f}%{{opacity:0}}{100 * (k * SECONDS + 0.2) / whole:.2f}%,100%{{opacity:1}}}}"
            for k in sorted({k for k, *_ in shown})
        )
        selected = ((k, ",".join(f"#{uid}-{key} {shape}" for shape in shapes)) for k, key, shapes in shown)
        rules = "".join(f"{what}{{animation:{uid}-{k} {whole:.1f}s infinite}}" for k, what in selected)
        motion = f"<style>@media (prefers-reduced-motion:no-preference){{{frames}{rules}}}</style>"
        return svg.replace("</title>", f"</title>{motion}", 1)

    def save(self, path: str | PathLike[str]) -> Path:
        """Write the page, .html, or the animation, .svg; returns the path. ValueError for another suffix."""
        return saved(self, "lesson", path, {".html": "html", ".svg": "svg"}, ".html, a page, or .svg, an animation")

    def __repr__(self) -> str:
        groups = len(self.data["groups"])
        return f"<{groups} steps forward and {groups} back through a graph of {self.picture.scene.total} values>"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        # The note is what remains where a front end strips the frame, as untrusted notebooks and GitHub do.
        over = "position:absolute;inset:0;width:100%;height:100%;border:1px solid #d1d9e0;border-radius:6px"
        frame = f'<iframe sandbox="allow-scripts" style="{over}" title="Step through the graph" srcdoc="{escape(self.html)}">'
        note = f"<p>{escape(repr(self)[1:-1])}: trust the notebook, or save them with .save('steps.html').</p>"
        html = f'<div style="position:relative;height:640px">{note}{frame}</iframe></div>'
        return {"text/html": html, "text/plain": repr(self)}


def steps(
    output: Any,
    *,
    detail: Detail = "auto",
    predict: Any = (),
    direction: Direction = "auto",
    theme: Theme = "auto",
    digits: int = 4,
) -> Steps:
    """Step through the computation of a Value, or of a Chain's, and back through its gradients: a page, and an animation.

    With detail "values" a step computes one value, or passes its gradient on to its operands; with "stages" one scope,
    as in `draw`; "auto" is values up to 400 steps. What is shown is a backward pass of its own: `.grad` is neither read
    nor changed. On the page any leaf may be given another number. `predict` are Values whose gradients, or pairs
    (operand, result) whose local derivatives, are blank until the reader has given them.

    TypeError for anything but one Value, ValueError for a leaf that has changed since, for a graph of more than 20,000
    values, and where `predict` is no part of the graph; where a derivative does not exist, the error of backward.

    >>> x = Value(3.0, "x")
    >>> steps(x * x + 1)
    <2 steps forward and 2 back through a graph of 4 values>
    """
    output, *more = values_in(output)
    if more:
        raise TypeError(f"steps go through the graph of one Value; got {1 + len(more)}: take one of them, or their sum")
    order = wengert_list([output])
    if stale := changed(order):
        raise ValueError(f"{printable(stale, 120)} changed after this graph was computed: compute it again")
    if len(order) > MOST_VALUES:
        raise ValueError(
            f"a page holds {MOST_VALUES:,} values; this graph has {len(order):,}: draw(…) shows its stages"
        )
    asked = _asked(predict, {v: k for k, v in enumerate(order)})
    long = 2 * sum(v.op is not None for v in order) > MOST_STEPS
    if detail == "auto":  # a step of many operands is long too
        detail = "stages" if max(long, len(order) > MOST_STEPS) and any(v.scope for v in order) else "values"
    twin = _differentiated(output)
    most = MOST_STEPS // 2 if long else len(order)
    ways: tuple[Direction, ...] = ("right", "down") if direction == "auto" else (direction,)
    pictures = [
        draw(twin, detail=detail, direction=w, theme=theme, digits=digits, max_nodes=most, legend=False) for w in ways
    ]
    notes = ["More than 400 steps: here they go by stages."] * (long and detail == "stages")
    return _assembled(max(pictures, key=_scale), wengert_list([twin]), asked, digits, notes)


def _scale(picture: Diagram) -> float:
    """How large a picture is in a window of a common size."""
    wide, high = picture.size
    return min(WINDOW[0] / wide, WINDOW[1] / high)


def _differentiated(output: Value) -> Value:
    """A copy of the graph with the gradients of one backward pass."""
    twin: Value = deepcopy(output)
    for v in wengert_list([twin]):
        v.grad = None
    twin.backward()
    return twin


def _asked(predict: Any, places: Mapping[Value, int]) -> list[dict[str, int]]:
    asked = []
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


# --- what the page knows ----------------------------------------------------------------------------------------------


def _assembled(
    picture: Diagram, order: Sequence[Value], asked: Sequence[Mapping[str, int]], digits: int, notes: Sequence[str]
) -> Steps:
    scene, staged, called = picture.scene, picture.scene.staged, names(order)
    shown = {order[int(card.id[1:])] for card in scene.cards if card.id[0] == "n"} or set(order)
    kept = [v for v in order if v in shown]
    number = {v: k for k, v in enumerate(kept)}
    given = {v for v in kept if not shown.issuperset(v.parents)}  # the values at the edge of a picture that is cut
    computed = {v: (v.op, len(v.parents)) for v in kept if v.op is not None and v not in given}
    rows = {row: k for k, row in enumerate(dict.fromkeys(computed.values()))}
    uses = Counter(p for v in computed for p in v.parents)
    data = {
        "level": "stages" if staged else "values",
        "digits": max(2, digits - 1) if staged else digits,
        "nodes": [  # name, row and operands, or number and role; a value whose operands are not shown is given
            [called[v], rows[computed[v]], [number[p] for p in v.parents], None, None]
            if v in computed
            else [called[v], None, [], _infinite(repr(v.data)), "given" if v in given else v.role]
            for v in kept
        ],
        "output": number[order[-1]],
        "rows": [_row(op, n) for op, n in rows],
        "uses": [uses[v] for v in kept],
        "asked": [{**q, "k": number[v]} for q in asked if (v := order[q["k"]]) in number],
        **(_by_stages(scene, number) if staged else _by_values(scene, number, computed)),
    }
    functions = (value_and_partials(op, n) for op, n in rows)
    script = f"[{','.join(f'{{f:{f},d:{d}}}' for f, d in functions)}]"
    cut = [
        note.partition(" max_nodes=")[0] for note in scene.notes if " shown: " in note
    ]  # the others are in the picture
    return Steps(picture, data, script, [*cut, *notes])


def _infinite(text: str) -> str:
    """A float as JavaScript writes it."""
    return text.replace("inf", "Infinity").replace("nan", "NaN")


def _row(op: Op, n: int) -> dict[str, Any]:
    """How an operation is written, and which of its local derivatives are operands themselves."""
    operands = [object() for _ in range(n)]

    def local(rule: Any) -> Any:
        try:
            return rule(None, *operands)
        except TypeError:  # it computes with them
            return None

    found = [local(rule) for rule in op.partials] if isinstance(op.partials, tuple) else local(op.partials)
    same = [next((k for k, x in enumerate(operands) if x is d), None) for d in found or [None] * n]
    return {
        "name": op.name, "form": printable(op.written, 400), "call": glyph(op), "vectors": op.vectors, "domain": op.domain, "same": same
    }  # fmt: skip


def _within(panel: Any) -> bool:
    """Whether a stage computes some of its outputs from others: its gradient is then no product with its Jacobian."""
    taken = set(panel.values)
    later = set[Value]()  # computed from an output
    for v in panel.nodes:
        if any(p in taken or p in later for p in v.parents):
            later.add(v)
    return not taken.isdisjoint(later)


def _by_values(scene: Scene, number: Mapping[Value, int], computed: Iterable[Value]) -> dict[str, Any]:
    edges = [[number[v], k] for v in number for k, p in enumerate(v.parents) if p in number]
    cards = [card for card in scene.cards if card.kind != "stub"]
    return {
        "groups": [{"nodes": [number[v]]} for v in computed],
        "cards": [{"id": card.id, "k": k} for k, card in enumerate(cards)],
        "wires": [
            {"id": wire.id, "edges": [edge], "unused": wire.label == "–"}
            for wire, edge in zip(scene.wires, edges, strict=False)
        ],  # then stubs'
    }


def _taken(panel: Panel, number: Mapping[Value, int], what: str, several: bool, product: bool) -> dict[str, Any]:
    """What a stage takes from a panel: which numbers, in which shape, and what its derivative by them is."""
    nodes = [number[v] for v in panel.values]
    parts = [
        {"name": name, "shape": shape, "nodes": [number[v] for v in values]} for name, shape, values in panel.parts
    ]
    return {
        "name": panel.called,
        "nodes": nodes,
        "shape": panel.shape,
        "what": what,
        "several": several,
        "product": product,
        "constant": panel.kind == "constant",
        **({"parts": parts} if len(parts) > 1 else {}),
    }


def _by_stages(scene: Any, number: Mapping[Value, int]) -> dict[str, Any]:
    panels = {panel.id: panel for panel in scene.cards}
    home = {v: panel.id for panel in scene.cards for v in panel.nodes}
    uses = Counter(wire.tail for wire in scene.wires)
    wires, sources = [], defaultdict[str, list[dict[str, Any]]](list)
    for wire in scene.wires:
        tail, head = panels[wire.tail], panels[wire.head]
        edges = [[number[v], k] for v in head.nodes for k, p in enumerate(v.parents) if home.get(p) == wire.tail]
        wires.append({"id": wire.id, "edges": edges})
        several = uses[wire.tail] > 1
        sources[wire.head].append(_taken(tail, number, wire.label.rpartition("= ")[2], several, not _within(head)))
    computed = [panel for panel in scene.cards if panel.nodes and panel.nodes[0].op is not None]
    computed.sort(key=lambda panel: (panel.column, number[panel.nodes[-1]]))
    groups = [
        {
            "nodes": [number[v] for v in panel.nodes],
            "outs": [number[v] for v in panel.values],
            "shape": panel.shape,
            "name": panel.called,
            "title": panel.name,
            "formula": panel.formula if "=" in panel.formula else panel.called,
            "sources": sources[panel.id],
        }
        for panel in computed
    ]

    def grid(g: Grid) -> dict[str, Any]:
        return {
            "slope": g.shades is not None,
            "cells": [None if v is None else number[v] for row in g.nodes for v in row],
        }

    cards = [{"id": p.id, "ks": [number[v] for v in p.nodes], "grids": list(map(grid, p.grids))} for p in scene.cards]
    return {"groups": groups, "cards": cards, "wires": wires}


def _json(data: Any) -> str:
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _read(name: str) -> str:
    return (PAGE / name).read_text(encoding="utf-8")


# --- the animation ----------------------------------------------------------------------------------------------------


# What appears of a card: its value, its strip; and of a panel the cells of a grid.
VALUE, SLOPE = ("text:nth-of-type(2)",), ("text:nth-of-type(3)", "path")
CELLS = "rect", "text:not(:first-of-type)"


def _moments(data: Mapping[str, Any]) -> Iterator[tuple[int, str, Sequence[str]]]:
    """At which step each part of the picture appears: the number of a value, or its gradient."""
    groups = data["groups"]
    forth = {k: step for step, group in enumerate(groups, 1) for k in group["nodes"]}
    back = {data["output"]: len(groups) + 1}
    for step, group in enumerate(reversed(groups), len(groups) + 2):
        back.update(
            (p, step) for k in group["nodes"] for p in data["nodes"][k][2]
        )  # the last of them completes the sum
    for card in data["cards"]:
        key = card["id"]
        if data["level"] == "values":
            parts = [(key, VALUE, forth, [card["k"]]), (key, SLOPE, back, [card["k"]])]
        else:
            grids = enumerate(card["grids"])
            parts = [(f"{key}-{g}", CELLS, back if grid["slope"] else forth, grid["cells"]) for g, grid in grids]
        for part, shapes, when, cells in parts:
            if step := max(when.get(k, 0) for k in cells):
                yield step, part, shapes
