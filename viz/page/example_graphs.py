"""The graphs of the examples on a live page: one for each form that a loss gives them, as pictures, facts and functions."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np

from autograd import array, named, nesting
from autograd.arrays import Floats
from autograd.tape import wengert_list
from autograd.value import Value
from viz.arguments import Theme
from viz.names import names
from viz.page.steps import Steps, steps
from viz.picture.diagram import Diagram
from viz.picture.paint import uid, without_tooltips
from viz.picture.scene import Card, Panel, Scene

Example = Callable[[Any, Any], tuple[Value, list[list[Value]]]]  # its loss, and the outputs of each part of the model
MANY = 40  # values above which a graph with scopes is shown by stages
MOST = 12  # forms of graphs that a page holds; above it targets are values of the graph


class _Graph(NamedTuple):
    """The graph of one example, and where the number of each leaf comes from: (node, place in theta, x or y)."""

    out: Value
    form: Hashable  # equal where one picture does for both
    leaves: dict[str, Any]
    constants: list[float]


def graphs(
    example: Example, data: Any, theta: Mapping[Value, int], theme: Theme, digits: int
) -> tuple[dict[str, Any], str, str]:
    """The graphs as facts of the page, the functions that compute them in JavaScript, and the first picture.

    A target enters the graph as a plain number, as it does in Python: examples of one target have one graph.
    """
    x, y = data
    called = list(names(list(theta)).values())
    _, once, of = np.unique(y.reshape(len(y), -1), axis=0, return_index=True, return_inverse=True)
    found = [_graph(example, x[k], y[k], theta, plain=True) for k in once]
    if len({graph.form for graph in found}) > MOST:
        found, of = [_graph(example, x[0], y[0], theta, plain=False)], np.zeros(len(y), int)
    forms = {graph.form: graph for graph in reversed(found)}
    shown = [_shown(graph.out, theme, digits) for graph in forms.values()]
    facts = list[dict[str, Any]]()
    for one, graph in zip(shown, forms.values(), strict=True):
        page = _brief(one.data, graph.leaves, called)
        more = _beyond(facts[0]["page"], page) if facts else page
        facts.append({"page": more, "leaves": graph.leaves, "notes": " ".join(one.notes)})
    targets = [[list(forms).index(graph.form), graph.constants] for graph in found]
    first, *others = [_classed(DESCRIBED.sub("", without_tooltips(one.picture.svg))) for one in shown]
    pictures = [_differences(svg.replace(uid(svg), uid(first)), first) for svg in others]
    told = {"key": uid(first), "svgs": pictures, "graphs": facts, "targets": targets, "of": of.ravel().tolist()}
    return told, f"[{','.join(one.functions for one in shown)}]", first


def _graph(example: Example, x: Floats, y: Any, theta: Mapping[Value, int], *, plain: bool) -> _Graph:
    inputs, target = array(x, "x", "input"), y if plain else array(y, "y", "input")
    out, parts = example(inputs, target)
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
    leaves |= {"output": called[out], "parts": [[place[v] for v in part if v in place] for part in parts]}
    form = tuple((v.scope, v.op and v.op.label, tuple(place[p] for p in v.parents)) for v in order), str(leaves)
    return _Graph(out, form, leaves, [v.data for v in free])


def _shown(out: Value, theme: Theme, digits: int) -> Steps:
    staged = len(order := wengert_list([out])) > MANY and any(v.scope for v in order)
    shown = steps(out, detail="stages" if staged else "auto", theme=theme, digits=digits)
    roomy = _roomy(shown.picture.scene, shown.data["digits"])
    shown.picture = Diagram(roomy, shown.picture.direction, theme, legend=False)
    return shown


# --- room for the numbers that will come --------------------------------------------------------------------------------

DESCRIBED = re.compile(r"(?<=</title>)<desc.*?</desc>", re.DOTALL)  # by numbers that have not come yet
NUMBER = re.compile(r"−?\d+(?:\.\d+)?(?:e−?\d+)?")
# A Jacobian that is written as numbers.
NUMBERS = re.compile(r"(?:diag\([^\d ]+′\) = )?(?:diag|column )?[\[(]?[−\d.e, …]*\.[−\d.e, …]*[\])]?")


def _roomy(scene: Scene, digits: int) -> Scene:
    """The scene with the widest numbers of so many digits: the page writes those that are true at every moment."""

    def roomy(text: str) -> str:
        return NUMBER.sub("−0.00" + "8" * digits, text)

    def plain(shades: Any) -> Any:  # the page has its own
        return shades and [[s if s is None else 0.0 for s in row] for row in shades]

    def card(it: Card | Panel) -> Card | Panel:
        if isinstance(it, Panel):
            grids = [
                replace(g, cells=[list(map(roomy, row)) for row in g.cells], shades=plain(g.shades)) for g in it.grids
            ]
            return replace(it, grids=grids)
        if it.small:  # a short constant is part of a formula, a long one comes from the data
            return replace(it, value=roomy(it.value)) if len(it.value) > 4 else it
        return replace(it, value=roomy(it.value), gradient=roomy(it.gradient))

    wires = [
        replace(w, derivative=roomy(w.derivative), flow=w.flow if w.quotient else roomy(w.flow))
        if not w.quotient or NUMBERS.fullmatch(w.derivative)
        else w
        for w in scene.wires
    ]
    return replace(scene, cards=[card(it) for it in scene.cards], wires=wires)


# --- pictures as short texts ------------------------------------------------------------------------------------------

TAG = re.compile(r"<(rect|text|path|tspan|g)\b((?: [\w-]+=\"[^\"]*\")*)")
ATTRIBUTE = re.compile(r' ([\w-]+)="([^"]*)"')
STYLES = {"class", "fill", "stroke", "stroke-width", "font-size", "font-weight", "font-style", "text-anchor"}
SIZES = {"font-size", "width", "height"}  # in pixels
DARK = re.compile(r"#\w+ \.([fs]-\w+)\{")
PLACEHOLDER = re.compile(r">(?:∂ )?−0\.008+<")  # as `_roomy` writes them


def _classed(svg: str) -> str:
    """The picture with a class in place of each style, which many of its cells share, and without numbers."""
    root, end, content = svg.partition("</title>")
    key, rules = uid(svg), dict[tuple[tuple[str, str], ...], str]()

    def classed(tag: re.Match[str]) -> str:
        styled = STYLES | {"width", "height"} if tag[1] == "rect" else STYLES
        found = ATTRIBUTE.findall(tag[2])
        style = tuple(sorted(pair for pair in found if pair[0] in styled))
        kept = "".join(f' {name}="{x}"' for name, x in found if name not in styled)
        return f"<{tag[1]}{kept}" + (f' class="{rules.setdefault(style, f"c{len(rules)}")}"' if style else "")

    def dark(found: re.Match[str]) -> str:  # the colour that a class of the picture has in the dark theme
        kept = (name for style, name in rules.items() if found[1] in dict(style).get("class", "").split())
        return ",".join(f"#{key} .{name}" for name in kept) + "{"

    content = PLACEHOLDER.sub("><", TAG.sub(classed, content))
    light = "".join(f":where(#{key}) .{name}{{{_css(style)}}}" for style, name in rules.items())
    return f"{root}{end}<style>{light}</style>{DARK.sub(dark, content)}"


def _css(style: Iterable[tuple[str, str]]) -> str:
    return ";".join(f"{name}:{x}{'px' * (name in SIZES)}" for name, x in style if name != "class")


def _differences(text: str, first: str) -> list[Any]:
    """A text as lines of its own and [from, to] of the lines of the first one."""
    lines, others = text.split("\n"), first.split("\n")
    steps = SequenceMatcher(None, others, lines, autojunk=False).get_opcodes()
    parts = [[[a, b]] if tag == "equal" else lines[c:d] for tag, a, b, c, d in steps]
    return [part for some in parts for part in some]


# --- what graphs have in common -----------------------------------------------------------------------------------------


def _brief(page: dict[str, Any], leaves: dict[str, Any], called: Sequence[str]) -> dict[str, Any]:
    """The facts of a graph without the numbers of its leaves; a parameter is its place in theta, which has its name."""
    theta = dict(leaves["theta"])

    def node(k: int, name: str, row: int, operands: list[int], role: str) -> Any:
        return theta[k] if called[theta.get(k, 0)] == name and k in theta else [name, row, operands, None, role]

    nodes = [node(k, name, row, operands, role) for k, (name, row, operands, _, role) in enumerate(page["nodes"])]
    leaves["theta"] = [[k, at] for k, at in theta.items() if not isinstance(nodes[k], int)]
    wires = [wire | {"edges": _runs(wire["edges"])} for wire in page["wires"]]
    return page | {"nodes": nodes, "inside": {}, "wires": wires}


def places(parameters: Sequence[Value], place: Mapping[Value, int]) -> list[Any]:
    """The places of parameters in theta as [first, count] of runs; of one that the loss does not take its number, [x]."""
    found: list[Any] = []
    for taken, group in groupby(parameters, place.__contains__):
        some = list(group)
        found += _runs([place[v]] for v in some) if taken else [[v.data] for v in some]
    return found


def _runs(places: Iterable[Sequence[int]]) -> list[list[int]]:
    """Places (…, k) as (…, first k, how many)."""
    found: list[list[int]] = []
    for *at, k in places:
        if found and found[-1][:-2] == at and sum(found[-1][-2:]) == k:
            found[-1][-1] += 1
        else:
            found.append([*at, k, 1])
    return found


def _beyond(first: Mapping[str, Any], page: Mapping[str, Any]) -> dict[str, Any]:
    """Each fact as (how many entries it begins with as the first graph does, the further ones)."""
    found = {}
    for key, new in page.items():
        old, same = first[key], 0
        while isinstance(new, list) and same < min(len(old), len(new)) and old[same] == new[same]:
            same += 1
        found[key] = [same, new[same:] if isinstance(new, list) else new]
    return found
