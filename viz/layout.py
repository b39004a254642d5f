"""Where everything goes: the graph as DOT, and the places of its cards and wires by whichever engine answers."""

from __future__ import annotations

import json
import math
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Any

from viz import embedded
from viz.cards import Card, Lane, Scene, Wire
from viz.text import width

Point = tuple[float, float]
Box = tuple[float, float, float, float]  # left, top, right, bottom

LARGE = 400  # cards above which the layout engine is told to hurry
RANK = {"right": 38.0, "down": 30.0}  # points between columns: room for a number on a wire
NODE = 13.0  # and between the cards of a column
HEADER = 34.0  # the height of a lane's two lines of heading


@dataclass(frozen=True)
class Places:
    """The centre of each card, each lane's heading, and each wire as a chain of cubic Bézier curves; y grows downwards."""

    cards: dict[str, Point]
    headings: dict[int, Box]
    wires: dict[str, list[Point]]
    note: str = ""  # how the layout came about, if not by Graphviz


def natural_width(scene: Scene, direction: str) -> float:
    """About how wide the picture becomes, in points."""
    columns = _columns(scene)
    if direction == "right":
        widths = [max(*(c.width for c in column), _heading_width(scene, k)) for k, column in columns.items()]
        return sum(widths) + RANK[direction] * (len(widths) - 1 + max(0, len(scene.lanes) - 1))
    heading = max((heading_width(lane) for lane in scene.lanes), default=0.0)
    return heading + max(sum(c.width + NODE for c in column) for column in columns.values())


def heading_width(lane: Lane) -> float:
    """In points: the wider of a lane's name and its formula."""
    return max(width(lane.name, 12, bold=True), width(lane.formula, 9)) + 8


def _columns(scene: Scene) -> dict[int, list[Card]]:
    cards = sorted(scene.cards, key=lambda card: card.column)
    return {k: list(column) for k, column in groupby(cards, lambda card: card.column)}


def _heading_width(scene: Scene, column: int) -> float:
    """A column's part in the width of its lane's heading."""
    if not scene.lanes:
        return 0.0
    lanes = {card.column: card.lane for card in scene.cards}
    lane = lanes[column]
    return heading_width(scene.lanes[lane]) / sum(1 for k in lanes.values() if k == lane)


# --- DOT --------------------------------------------------------------------------------------------------------------


def digraph(scene: Scene, direction: str, labels: bool = True) -> Any:
    """The scene as a `graphviz.Digraph`: a node of fixed size per card, an edge per wire, both with their numbers.

    Without `labels`, edges say nothing: the layout then needs no room for labels, which stand on the wires.
    """
    import graphviz

    graph = graphviz.Digraph("computation")
    graph.attr(rankdir="LR" if direction == "right" else "TB", nodesep=_inches(NODE), ranksep=_inches(RANK[direction]))
    graph.attr("node", shape="box", fixedsize="true", margin="0", fontname="Helvetica", fontsize="10")
    graph.attr("edge", arrowsize="0.6", fontname="Helvetica", fontsize="8")
    if len(scene.cards) > LARGE:
        graph.attr(nslimit="1", nslimit1="1", mclimit="0.5")
    for card in scene.cards:
        look = _look(card) if labels else {}
        graph.node(card.id, width=_inches(card.width), height=_inches(card.height), **look)
    if scene.lanes:
        _spine(graph, scene, direction)
    weights = _weights(scene)
    for wire in scene.wires:
        label = {"label" if wire.shown else "taillabel": _lines(wire.label)} if labels and wire.label else {}
        graph.edge(wire.tail, wire.head, id=wire.id, weight=weights[wire.id], **label)
    return graph


def _inches(points: float) -> str:
    return f"{points / 72:.4f}"


def _lines(*lines: str) -> Any:
    """A label of several lines that says exactly this: no escapes, entities or HTML of DOT's."""
    import graphviz

    escaped = (graphviz.escape(line.replace("&", "&amp;")) for line in lines if line)
    return graphviz.nohtml("\\n".join(escaped))


def _look(card: Card) -> dict[str, Any]:
    styles = {"constant": "dashed,rounded", "stub": "dashed,rounded", "parameter": "solid", "output": "bold,rounded"}
    first = f"{card.glyph} {card.name}".strip()
    return {"label": _lines(first, card.value, card.gradient), "style": styles.get(card.kind, "rounded")}


def _weights(scene: Scene) -> dict[str, str]:
    """How much each wire wants to be short and straight: most in a one-to-one chain, then from a leaf used once."""
    results = {wire.head for wire in scene.wires}
    uses = Counter(wire.tail for wire in scene.wires)
    takes = Counter(wire.head for wire in scene.wires if wire.tail in results)

    def weight(wire: Wire) -> str:
        if uses[wire.tail] > 1:
            return "1"
        return "8" if wire.tail not in results else "20" if takes[wire.head] == 1 else "2"

    return {wire.id: weight(wire) for wire in scene.wires}


def _spine(graph: Any, scene: Scene, direction: str) -> None:
    """Columns as ranks, in order, held by a chain of nodes that keep room for the headings."""
    graph.attr(newrank="true")
    columns = _columns(scene)
    beside = max(heading_width(lane) for lane in scene.lanes)
    seen: set[int] = set()
    for k, column in columns.items():
        lane = column[0].lane
        heading = scene.lanes[lane]
        wide, high = (_heading_width(scene, k), HEADER) if direction == "right" else (beside, 10.0)
        label = _lines(heading.name, heading.formula) if lane not in seen else ""
        seen.add(lane)
        graph.node(f"lane{k}", label, shape="plaintext", width=_inches(wide), height=_inches(high))
        with graph.subgraph() as rank:
            rank.attr(rank="same")
            for above, below in pairwise([f"lane{k}", *(card.id for card in column)]):
                rank.edge(above, below, style="invis", weight="1")
    for a, b in pairwise(columns):
        apart = columns[a][0].lane != columns[b][0].lane
        graph.edge(f"lane{a}", f"lane{b}", style="invis", weight="100", minlen="2" if apart else "1")


# --- engines ----------------------------------------------------------------------------------------------------------


def arrange(scene: Scene, direction: str, seconds: float = 8.0) -> Places:
    """Places by the embedded Graphviz, else by an installed one, each within `seconds`, else by columns and rows."""
    try:
        dot = digraph(scene, direction, labels=False).source
    except ImportError:
        return built_in(scene, direction)
    for engine in (embedded.render, installed):
        try:
            return _read(json.loads(engine(dot, seconds)), scene)
        except Exception:  # noqa: S112  # whatever it is, the next engine may do better
            continue
    return built_in(scene, direction)


def installed(dot: str, seconds: float) -> str:
    """The JSON of an installed Graphviz; an exception if there is none, or if it takes longer."""
    program = shutil.which("dot")
    if program is None:
        raise FileNotFoundError("no program called dot")
    done = subprocess.run([program, "-Tjson"], input=dot.encode(), capture_output=True, timeout=seconds, check=True)  # noqa: S603
    return done.stdout.decode()


def _read(answer: dict[str, Any], scene: Scene) -> Places:
    height = float(answer["bb"].split(",")[3])

    def point(text: str) -> Point:
        x, y = text.split(",")[-2:]
        return float(x), height - float(y)

    centres = {node["name"]: point(node["pos"]) for node in answer["objects"] if "pos" in node}
    curves = (
        {edge["id"]: _curve(edge["pos"].split(), point) for edge in answer["edges"] if "id" in edge}
        if answer.get("edges")
        else {}
    )
    sizes = {o["name"]: (72 * float(o["width"]), 72 * float(o["height"])) for o in answer["objects"] if "pos" in o}
    headings: dict[int, list[Box]] = {}
    for card in scene.cards if scene.lanes else ():
        (x, y), (w, h) = centres[f"lane{card.column}"], sizes[f"lane{card.column}"]
        headings.setdefault(card.lane, []).append((x - w / 2, y - h / 2, x + w / 2, y + h / 2))
    return Places(
        {card.id: centres[card.id] for card in scene.cards},
        {k: _around(boxes) for k, boxes in headings.items()},
        {wire.id: curves[wire.id] for wire in scene.wires},
    )


def _curve(parts: list[str], point: Any) -> list[Point]:
    """A wire's control points, ending at the arrow's tip: `e,tip start control control end …` in Graphviz's terms."""
    tip = [point(part) for part in parts if part.startswith("e,")]
    return [point(part) for part in parts if not part.startswith(("e,", "s,"))] + tip


def _around(boxes: Iterable[Box]) -> Box:
    left, top, right, bottom = zip(*boxes, strict=True)
    return min(left), min(top), max(right), max(bottom)


def built_in(scene: Scene, direction: str) -> Places:
    """A plain layout: columns by depth, cards in the order of the computation, straight wires."""
    right = direction == "right"
    beside = max((heading_width(lane) for lane in scene.lanes), default=0.0)
    first = (HEADER if right else beside) + NODE if scene.lanes else 0.0  # across the columns, after the headings
    centres: dict[str, Point] = {}
    headings: dict[int, list[Box]] = {}
    start, lane = -RANK[direction], -1
    for k, column in _columns(scene).items():
        start += RANK[direction] * (2 if scene.lanes and lane not in (-1, column[0].lane) else 1)
        lane = column[0].lane
        end = start + max(_heading_width(scene, k) if right else 0.0, *(c.width if right else c.height for c in column))
        centres |= _in_column(column, (start + end) / 2, first, right)
        headings.setdefault(lane, []).append((start, 0.0, end, HEADER) if right else (0.0, start, beside, end))
        start = end
    return Places(
        centres,
        {k: _around(boxes) for k, boxes in headings.items()} if scene.lanes else {},
        _straight(scene, centres, right),
        "Laid out in plain columns: Graphviz gave no answer.",
    )


def _in_column(column: Iterable[Card], middle: float, across: float, right: bool) -> dict[str, Point]:
    centres = {}
    for card in column:
        size = card.height if right else card.width
        centres[card.id] = (middle, across + size / 2) if right else (across + size / 2, middle)
        across += size + NODE
    return centres


def _straight(scene: Scene, centres: dict[str, Point], right: bool) -> dict[str, list[Point]]:
    """Wires from the end of one card to the front of the other, arriving side by side."""
    cards = {card.id: card for card in scene.cards}
    arrivals: dict[str, list[Wire]] = {}
    for wire in scene.wires:
        arrivals.setdefault(wire.head, []).append(wire)
    curves = {}
    for head, wires in arrivals.items():
        side = cards[head].height if right else cards[head].width
        for k, wire in enumerate(sorted(wires, key=lambda wire: centres[wire.tail][right])):
            offset = side * ((k + 1) / (len(wires) + 1) - 0.5)
            (x, y), (u, v) = centres[wire.tail], centres[head]
            a = (x + cards[wire.tail].width / 2, y) if right else (x, y + cards[wire.tail].height / 2)
            b = (u - cards[head].width / 2, v + offset) if right else (u + offset, v - cards[head].height / 2)
            length = math.dist(a, b) or 1.0
            curves[wire.id] = [*(_between(a, b, t * (1 - 6 / length)) for t in (0, 1 / 3, 2 / 3, 1)), b]
    return curves


def _between(a: Point, b: Point, t: float) -> Point:
    return a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])
