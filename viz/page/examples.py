"""The graphs of the examples: one for each form that the loss gives them, as pictures, facts and functions."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from autograd import array, named, nesting
from autograd.tape import wengert_list
from autograd.value import Value
from viz.arguments import Theme
from viz.names import names
from viz.page.steps import Steps, steps
from viz.picture.diagram import Diagram
from viz.picture.paint import without_tooltips
from viz.picture.scene import Card, Panel, Scene

Floats = npt.NDArray[np.float64]
Loss = Callable[[Any, Any], Value]
MANY = 40  # values above which a graph with scopes is shown by stages
MOST = 12  # forms of graphs that a page holds; above it targets are values of the graph


class _Graph(NamedTuple):
    """The graph of one example, and where the number of each leaf comes from: (node, place in theta, x or y)."""

    out: Value
    shape: Hashable  # equal where one picture does for both
    operations: tuple[str, ...]
    leaves: dict[str, Any]
    constants: list[float]


def graphs(loss: Loss, data: Any, theta: Mapping[Value, int], theme: Theme, digits: int) -> tuple[dict[str, Any], str]:
    """The graphs as facts of the page, and the functions that compute them in JavaScript.

    A target enters the graph as a plain number, as it does in Python: examples of one target have one graph.
    """
    x, y = data
    called = list(names(list(theta)).values())
    rows, of = np.unique(y.reshape(len(y), -1), axis=0, return_inverse=True)
    first = [int((of.ravel() == k).argmax()) for k in range(len(rows))]
    found = [_graph(loss, x[k], y[k], theta, plain=True) for k in first]
    if len({graph[1:3] for graph in found}) > MOST:
        found, of = [_graph(loss, x[0], y[0], theta, plain=False)], np.zeros(len(y), int)
    forms = {graph[1:3]: graph for graph in reversed(found)}
    shown = {form: _shown(graph.out, theme, digits) for form, graph in forms.items()}
    number = {form: k for k, form in enumerate(forms)}
    pictures = dict[Hashable, Steps]()  # of each shape the first
    facts = list[dict[str, Any]]()
    for form, graph in forms.items():
        same = pictures.setdefault(graph.shape, shown[form]).picture.scene
        words = _other(same, shown[form].picture.scene)
        at = list(pictures).index(graph.shape)
        page = _brief(shown[form].data, dict(graph.leaves["theta"]), called)
        more = _beyond(facts[0]["page"], page) if facts else page
        facts.append({"page": more, "svg": at, "other": words, "leaves": graph.leaves})
    targets = [[number[graph[1:3]], graph.constants] for graph in found]
    svgs = [DESCRIBED.sub("", without_tooltips(one.picture.svg)) for one in pictures.values()]
    functions = ",".join(shown[form].functions for form in forms)
    notes = [" ".join(one.notes) for one in pictures.values()]
    found_of = {"notes": notes, "svgs": svgs, "graphs": facts, "targets": targets, "of": of.ravel().tolist()}
    return found_of, f"[{functions}]"


def _graph(loss: Any, x: Floats, y: Any, theta: Mapping[Value, int], *, plain: bool) -> _Graph:
    inputs, target = array(x, "x", "input"), y if plain else array(y, "y", "input")
    out = loss(inputs, target)
    order = wengert_list([out])
    called = names(order)
    if out.op is not None and out.name is None and "L" not in called.values():
        named("L", out)  # in the picture; `called` is what a table calls it
    place = {v: k for k, v in enumerate(order)}
    of_x = {v: k for k, v in enumerate(nesting.flat(inputs))}
    of_y = {} if plain else {v: k for k, v in enumerate(nesting.flat(target))}
    free = [v for v in order if v.op is None and v not in theta and v not in of_x and v not in of_y]
    sources = {"theta": theta, "x": of_x, "y": of_y, "free": dict.fromkeys(free, 0)}
    leaves: dict[str, Any] = {key: [[place[v], of[v]] for v in order if v in of] for key, of in sources.items()}
    leaves["output"] = called[out]
    shape = tuple((v.scope, tuple(place[p] for p in v.parents)) for v in order), str(leaves)
    return _Graph(out, shape, tuple(v.op.label if v.op else "" for v in order), leaves, [v.data for v in free])


def _shown(out: Value, theme: Theme, digits: int) -> Steps:
    order = wengert_list([out])
    staged = len(order) > MANY and any(v.scope for v in order)
    shown = steps(out, detail="stages" if staged else "auto", theme=theme, digits=digits)
    roomy = _roomy(shown.picture.scene, shown.data["digits"])
    shown.picture = Diagram(roomy, shown.picture.direction, theme, legend=False)
    return shown


# --- room for the numbers that will come --------------------------------------------------------------------------------

DESCRIBED = re.compile(r"(?<=</title>)<desc.*?</desc>", re.DOTALL)  # by numbers that have not come yet
NUMBER = re.compile(r"−?\d+(?:\.\d+)?(?:e−?\d+)?")
NUMBERS = re.compile(
    r"(?:diag\([^\d ]+′\) = )?(?:diag|column )?[\[(]?[−\d.e, …]*\.[−\d.e, …]*[\])]?"
)  # a Jacobian that is written as numbers


def _roomy(scene: Scene, digits: int) -> Scene:
    """The scene with the widest numbers of so many digits: the page writes those that are true at every moment."""
    wide = "−0.00" + "8" * digits

    def roomy(text: str) -> str:
        return NUMBER.sub(wide, text)

    def card(it: Card | Panel) -> Card | Panel:
        if isinstance(it, Panel):
            grids = [replace(g, cells=[[roomy(x) for x in row] for row in g.cells]) for g in it.grids]
            return replace(it, grids=grids)
        if it.small:  # a short constant is part of a formula, a long one comes from the data
            return replace(it, value=roomy(it.value)) if len(it.value) > 4 else it
        return replace(it, value=roomy(it.value), gradient=roomy(it.gradient))

    wires = [
        replace(w, derivative=roomy(w.derivative), flow=w.flow if w.quotient else roomy(w.flow))
        if NUMBERS.fullmatch(w.derivative)
        else w
        for w in scene.wires
    ]
    return replace(scene, cards=[card(it) for it in scene.cards], wires=wires)


# --- what graphs have in common -----------------------------------------------------------------------------------------


def _brief(page: dict[str, Any], theta: Mapping[int, int], called: Sequence[str]) -> dict[str, Any]:
    """The facts of a graph without the numbers of its leaves; a parameter is its place in theta, which has its name."""

    def node(k: int, name: str, row: int, operands: list[int], role: str) -> Any:
        return theta[k] if called[theta.get(k, 0)] == name and k in theta else [name, row, operands, None, role]

    nodes = [node(k, name, row, operands, role) for k, (name, row, operands, _, role) in enumerate(page["nodes"])]
    return page | {"nodes": nodes}


def _beyond(first: Mapping[str, Any], page: Mapping[str, Any]) -> dict[str, Any]:
    """Each fact as (how many entries it begins with as the first graph does, the further ones)."""
    found = {}
    for key, new in page.items():
        old, same = first[key], 0
        while isinstance(new, list) and same < min(len(old), len(new)) and old[same] == new[same]:
            same += 1
        found[key] = [same, new[same:] if isinstance(new, list) else new]
    return found


def _other(one: Scene, another: Scene) -> list[list[str]]:
    """[card, its text in the picture, its text in a graph of the same shape with other operations]."""
    pairs = zip(one.cards, another.cards, strict=True)
    return [[a.id, _word(a), _word(b)] for a, b in pairs if _word(a) != _word(b)]


def _word(card: Card | Panel) -> str:
    return card.glyph if isinstance(card, Card) else card.formula
