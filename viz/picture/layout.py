"""Where everything goes: the graph as DOT, and the places of its cards and wires by the first engine that answers."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Any

from autograd.naming import Name
from viz.numbers import width
from viz.picture import graphviz as embedded
from viz.picture.scene import Card, Lane, Panel, Scene, Wire

Point = tuple[float, float]

LARGE = 150  # cards above which Graphviz is told to hurry
NODE = 13.0  # points between the cards of a column
SPREAD = 0.8  # of the picture, for the leaves of an array that feed all of it
VISIBLE = 25.0  # points of a wire between two columns that its number leaves free, the arrow's 7 among them
STEP = 12.0  # points, of which the gaps between stages are made
CROWDED, MOST = 3.2, 240.0  # times the room that numbers would fill side by side; points, if that is too much


@dataclass(frozen=True)
class Places:
    """The centre of each card, and each wire: a chain of cubic Bézier curves, then the arrow's tip; y grows downwards."""

    cards: dict[str, Point]
    wires: dict[str, list[Point]]
    note: str = ""  # how the layout came about, if not by Graphviz


def columns(scene: Scene) -> dict[int, list[Card | Panel]]:
    """The cards by column, shared leaves of one array in index order; a column is a rank of Graphviz's."""
    shared = _shared(scene)
    first = {shared[card.id][0]: -k for k, card in enumerate(reversed(scene.cards))}
    cards = sorted(scene.cards, key=lambda c: (c.column, first[shared[c.id][0]], shared[c.id][1]))
    return {k: list(column) for k, column in groupby(cards, lambda card: card.column)}


def _shared(scene: Scene) -> dict[str, tuple[str, tuple[int, ...]]]:
    """The array and the index of each leaf that several results take; of any other card only itself."""
    uses = Counter(wire.tail for wire in scene.wires)
    leaves = (c for c in scene.cards if isinstance(c, Card) and not c.glyph)
    names = {c.id: Name(c.name) for c in leaves if uses[c.id] > 1}
    elements = {key: (f"[{name.array}", name.index) for key, name in names.items()}  # no card's id begins so
    return {card.id: elements.get(card.id, (card.id, ())) for card in scene.cards}


def heading_width(lane: Lane) -> float:
    """In points: the wider of a lane's name and its formula."""
    return max(width(lane.name, 12, bold=True), width(lane.formula, 9)) + 8


def _heading_shares(scene: Scene) -> dict[int, float]:
    """Each column's part in the width of its lane's heading."""
    lanes = {card.column: card.lane for card in scene.cards}
    parts = Counter(lanes.values())
    return {k: heading_width(scene.lanes[lane]) / parts[lane] if scene.lanes else 0.0 for k, lane in lanes.items()}


# --- DOT --------------------------------------------------------------------------------------------------------------


def digraph(scene: Scene, direction: str, labels: bool = True) -> Any:
    """The scene as a `graphviz.Digraph`: a node of fixed size per card, an edge per wire, both with their numbers.

    Without `labels` it is what the engines lay out: a number stands on its wire and needs no room of its own.
    """
    import graphviz

    graph = graphviz.Digraph("computation")
    graph.attr(rankdir="LR" if direction == "right" else "TB", newrank="true")
    stepped = scene.staged and not scene.lanes  # gaps of their own, in steps
    graph.attr(nodesep=_inches(_apart(scene, direction)))
    graph.attr(ranksep=_inches(STEP if stepped else _gap(scene, direction)))
    graph.attr("node", shape="box", fixedsize="true", margin="0", fontname="Helvetica", fontsize="10")
    graph.attr("edge", arrowsize="0.6", fontname="Helvetica", fontsize="8")
    if len(scene.cards) > LARGE:
        graph.attr(nslimit="1", nslimit1="1", mclimit="0.5")
    for card in scene.cards:
        look = _look(card) if labels else {}
        graph.node(card.id, width=_inches(card.width), height=_inches(card.height), **look)
    weights = _weights(scene)
    beside, after = _beside(scene)
    for wire in scene.wires:
        label = {"label": _lines(*wire.label.split("\n"))} if labels and wire.label else {}
        ends, more = ((wire.head, wire.tail), {"dir": "back"}) if wire.id in after else ((wire.tail, wire.head), {})
        if stepped and wire.id not in beside:
            more["minlen"] = str(math.ceil((wire.size[direction == "down"] * wire.shown + VISIBLE) / STEP))
        graph.edge(*ends, id=wire.id, weight=weights[wire.id], **more, **label)
    if scene.lanes:
        _spine(graph, scene)
    _in_order(graph, scene, direction)
    return graph


def _apart(scene: Scene, direction: str) -> float:
    """Points between the cards of a column, where a leaf stands beside its stage those for the wire and its label."""
    beside, _ = _beside(scene)
    sizes = [wire.size for wire in scene.wires if wire.shown and wire.id in beside]
    long = max((high if direction == "right" else wide for wide, high in sizes), default=0.0)
    return max(2 * NODE if scene.staged else NODE, long + VISIBLE if sizes else 0.0)


def _beside(scene: Scene) -> tuple[set[str], set[str]]:
    """The wires between two cards of one column, and those of them whose tail stands after their head."""
    seat = {card.id: (card.column, k) for k, card in enumerate(scene.cards)}
    ends = {wire.id: (seat[wire.tail], seat[wire.head]) for wire in scene.wires}
    beside = {key for key, (tail, head) in ends.items() if tail[0] == head[0]}
    return beside, {key for key in beside if ends[key][0] > ends[key][1]}


def _gap(scene: Scene, direction: str) -> float:
    """Points between columns: for the longest number on a wire, an arrow and some of the wire on either side of it.

    Where many wires run from one column to the next, their numbers find room side by side. Two lanes are twice as far.
    """
    right, cards, room = direction == "right", {card.id: card for card in scene.cards}, _rooms(scene, direction)
    ends = [(wire.size, cards[wire.tail], cards[wire.head]) for wire in scene.wires if wire.shown]
    tight = [(size, a.column) for size, a, b in ends if a.lane == b.lane and a.column + 1 == b.column]
    wide, high = (max((size[k] for size, _ in tight), default=(0.0, 10.0)[k]) for k in (0, 1))
    along, across = (wide, high) if right else (high, wide)
    lanes = max((size[not right] / 2 for size, a, b in ends if a.lane != b.lane), default=0.0)
    rows = (n * (across + 3) / max(room[k], room[k + 1]) for k, n in Counter(k for _, k in tight).items())
    return max(
        40.0 if right else 34.0, max(along, lanes) + VISIBLE, min(MOST, max(rows, default=0.0) * CROWDED * (along + 6))
    )


def _rooms(scene: Scene, direction: str) -> dict[int, float]:
    """Points that the cards of each column take up across the picture."""
    right, ranks = direction == "right", columns(scene)
    return {k: sum((c.height if right else c.width) + NODE for c in column) for k, column in ranks.items()}


def _inches(points: float) -> str:
    return f"{points / 72:.4f}"


def _lines(*lines: str) -> Any:
    """A label of several lines that says exactly this: no escapes, entities or HTML of DOT's."""
    import graphviz

    return graphviz.nohtml("\\n".join(graphviz.escape(line.replace("&", "&amp;")) for line in lines if line))


def _look(card: Card | Panel) -> dict[str, Any]:
    styles = {"constant": "dashed,rounded", "stub": "dashed,rounded", "parameter": "solid", "output": "bold,rounded"}
    return {"label": _lines(*card.lines), "style": styles.get(card.kind, "rounded")}


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


def _in_order(graph: Any, scene: Scene, direction: str) -> None:
    """Shared leaves of one array in index order and evenly apart; with lanes every column is a rank in its order."""
    shared, room = _shared(scene), _rooms(scene, direction)
    for k, column in columns(scene).items():
        apart = max(1, 1 + int((SPREAD * max(room.values()) - room[k]) / len(column) / NODE))  # in steps of nodesep
        pairs = [(a.id, b.id, shared[a.id][0] == shared[b.id][0]) for a, b in pairwise(column)]
        if not scene.lanes and not scene.staged and not any(array for *_, array in pairs):
            continue
        with graph.subgraph(graph_attr={"rank": "same"}) as rank:
            if scene.lanes:
                rank.edge(f"lane{k}", column[0].id, style="invis", weight="1")
            for card in column if scene.staged else ():
                rank.node(card.id)
            for before, after, array in pairs:
                if array or scene.lanes:  # dot ignores flat edges of weight 0
                    rank.edge(before, after, style="invis", weight="1", minlen=str(apart if array else 1))


def _spine(graph: Any, scene: Scene) -> None:
    """A chain of nodes, one in each column, that carry the headings and keep room for them."""
    ranks, shares, last = columns(scene), _heading_shares(scene), -1
    for k, column in ranks.items():
        lane = scene.lanes[column[0].lane]
        label = _lines(lane.name, lane.formula) if column[0].lane != last else ""
        last = column[0].lane
        graph.node(f"lane{k}", label, shape="plaintext", width=_inches(shares[k]), height=_inches(24))
    for a, b in pairwise(ranks):
        apart = ranks[a][0].lane != ranks[b][0].lane
        graph.edge(f"lane{a}", f"lane{b}", style="invis", weight="100", minlen="2" if apart else "1")


# --- engines ----------------------------------------------------------------------------------------------------------


def arrange(scene: Scene, direction: str, seconds: float = 8.0) -> Places:
    """Places by the embedded Graphviz, else by an installed one, each within `seconds`, else in plain columns."""
    import json

    for engine in (embedded.render, installed):
        try:
            return _read(json.loads(engine(digraph(scene, direction, labels=False).source, seconds)))
        except Exception:  # noqa: S112  # whatever it is, the next engine may do better
            continue
    return built_in(scene, direction)


def installed(dot: str, seconds: float) -> str:
    """The JSON of an installed Graphviz; an exception if there is none, or if it takes longer."""
    import shutil
    import subprocess

    command = [shutil.which("dot") or "dot", "-Tjson0"]
    done = subprocess.run(command, input=dot.encode(), capture_output=True, timeout=seconds, check=True)  # noqa: S603
    return done.stdout.decode()


def _read(answer: dict[str, Any]) -> Places:
    height = float(answer["bb"].split(",")[3])

    def point(text: str) -> Point:
        x, y = text.split(",")[-2:]
        return float(x), height - float(y)

    def curve(position: str) -> list[Point]:  # "e,tip start control control end …", or "s,tip end … start"
        tip, *points = map(point, position.split())
        return [*(points[::-1] if position[0] == "s" else points), tip]

    cards = {node["name"]: point(node["pos"]) for node in answer["objects"] if "pos" in node}
    return Places(cards, {edge["id"]: curve(edge["pos"]) for edge in answer.get("edges", ()) if "id" in edge})


def built_in(scene: Scene, direction: str) -> Places:
    """A plain layout: columns by depth, cards in the order of the computation, straight wires."""
    right = (
        direction == "right"
    )  # all is reckoned along the flow and across it, and turned for a picture that goes down
    sizes = {card.id: (card.width, card.height) if right else (card.height, card.width) for card in scene.cards}
    centres: dict[str, Point] = {}
    along, gap, shares = 0.0, _gap(scene, direction) * (1.5 if scene.lanes else 1.0), _heading_shares(scene)
    for k, column in columns(scene).items():
        thick = max(shares[k] if right else 0.0, *(sizes[card.id][0] for card in column))
        across = -sum(sizes[card.id][1] + NODE for card in column) / 2
        across += (k % 2) * (sizes[column[0].id][1] + NODE) / 2  # wires that skip a column then pass between its cards
        for card in column:
            size = sizes[card.id][1]
            centres[card.id] = along + thick / 2, across + size / 2
            across += size + NODE
        along += thick + gap
    wires = _straight(scene, centres, sizes)
    if not right:
        centres = {key: (y, x) for key, (x, y) in centres.items()}
        wires = {key: [(y, x) for x, y in curve] for key, curve in wires.items()}
    return Places(centres, wires, "Laid out in plain columns: Graphviz gave no answer.")


def _straight(scene: Scene, centres: dict[str, Point], sizes: dict[str, Point]) -> dict[str, list[Point]]:
    """Wires from the end of one card to the front of the other, where they arrive side by side."""
    arrivals = Counter(wire.head for wire in scene.wires)
    arrived: Counter[str] = Counter()
    curves = {}
    for wire in scene.wires:
        (x, y), (u, v), tail, head = centres[wire.tail], centres[wire.head], sizes[wire.tail], sizes[wire.head]
        arrived[wire.head] += 1
        aside = arrived[wire.head] / (arrivals[wire.head] + 1) - 0.5
        if x == u:  # a leaf beside its stage
            side = 1 if y < v else -1
            a, b = (x, y + side * tail[1] / 2), (u, v - side * head[1] / 2)
        else:
            a, b = (x + tail[0] / 2, y), (u - head[0] / 2, v + aside * head[1])
        end = 1 - 6 / (math.dist(a, b) or 6)  # where the arrow begins
        steps = (0, end / 3, 2 * end / 3, end, 1)
        curves[wire.id] = [(a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])) for t in steps]
    return curves
