"""Graphviz: a scene as DOT, and the places that an engine finds for it, embedded in this process or installed."""

from __future__ import annotations

import math
from collections import Counter
from itertools import pairwise
from typing import Any

import graphviz

from viz.picture import layout
from viz.picture.hosts import render, watched
from viz.picture.layout import NODE, VISIBLE, Places, Point, columns, gap, heading_shares, rooms
from viz.picture.scene import Card, Panel, Scene

LARGE = 150  # cards above which Graphviz is told to hurry
SLOW = 400  # from which a layout may take seconds
SPREAD = 0.8  # of the picture, for the leaves of an array that feed all of it
STEP = 12.0  # points, of which the gaps between stages are made


def arrange(scene: Scene, direction: str, seconds: float = 8.0) -> Places:
    """Places by the embedded Graphviz, else by an installed one, each within `seconds`, else in plain columns."""
    import json

    engines: Any = (render, installed)
    if len(scene.cards) > SLOW:
        engines = watched(engines, f"laying out {len(scene.cards)} cards", "try", 0.0)
    for engine in engines:
        try:
            places = _read(json.loads(engine(digraph(scene, direction, labels=False).source, seconds)))
            return layout.apart(scene, places) if scene.staged else places
        except Exception:  # noqa: S112  # whatever it is, the next engine may do better
            continue
    return layout.built_in(scene, direction)


# --- DOT --------------------------------------------------------------------------------------------------------------


def digraph(scene: Scene, direction: str, labels: bool = True) -> Any:
    """The scene as a `graphviz.Digraph`: a node of fixed size per card, an edge per wire, both with their numbers.

    Without `labels` it is what the engines lay out: a number stands on its wire and needs no room of its own.
    """
    graph = graphviz.Digraph("computation")
    graph.attr(rankdir="LR" if direction == "right" else "TB", newrank="true")
    stepped = scene.staged and not scene.lanes  # gaps of their own, in steps
    beside, after = _beside(scene)
    graph.attr(nodesep=_inches(NODE))
    graph.attr(ranksep=_inches(STEP if stepped else gap(scene, direction)))
    graph.attr("node", shape="box", fixedsize="true", margin="0", fontname="Helvetica", fontsize="10")
    graph.attr("edge", arrowsize="0.6", fontname="Helvetica", fontsize="8")
    if not scene.lanes and not scene.staged and len({wire.tail for wire in scene.wires}) == len(scene.wires):
        graph.attr(ordering="in")  # of a tree the operands stand in the order of the expression
    if len(scene.cards) > LARGE:
        graph.attr(nslimit="1", nslimit1="1", mclimit="0.5")
    for card in scene.cards:
        wide, high = map(_inches, card.size)
        graph.node(card.id, width=wide, height=high, **(_look(card) if labels else {}))
    weights = _weights(scene)
    for wire in scene.wires:
        text = {"label": _lines(*wire.lines)} if labels and wire.lines else {}
        ends, more = ((wire.head, wire.tail), {"dir": "back"}) if wire.id in after else ((wire.tail, wire.head), {})
        if scene.staged and wire.id in beside:
            more["minlen"] = str(math.ceil((wire.label()[direction == "right"] + VISIBLE) / NODE))
        elif stepped:
            more["minlen"] = str(math.ceil((wire.label()[direction == "down"] * wire.shown + VISIBLE) / STEP))
        graph.edge(*ends, id=wire.id, weight=weights[wire.id], **more, **text)
    if scene.lanes:
        _spine(graph, scene)
    _in_order(graph, scene, direction)
    return graph


def _beside(scene: Scene) -> tuple[set[str], set[str]]:
    """The wires between two cards of one column, and those of them whose tail stands after their head."""
    seat = {card.id: (card.column, k) for k, card in enumerate(scene.cards)}
    ends = {wire.id: (seat[wire.tail], seat[wire.head]) for wire in scene.wires}
    beside = {key for key, (tail, head) in ends.items() if tail[0] == head[0]}
    return beside, {key for key in beside if ends[key][0] > ends[key][1]}


def _inches(points: float) -> str:
    return f"{points / 72:.4f}"


def _lines(*lines: str) -> Any:
    """A label of several lines that says exactly this: no escapes, entities or HTML of DOT's."""
    return graphviz.nohtml("\\n".join(graphviz.escape(line.replace("&", "&amp;")) for line in lines if line))


def _look(card: Card | Panel) -> dict[str, Any]:
    styles = {"constant": "dashed,rounded", "stub": "dashed,rounded", "parameter": "solid", "output": "bold,rounded"}
    return {"label": _lines(*card.lines), "style": styles.get(card.kind, "rounded")}


def _weights(scene: Scene) -> dict[str, str]:
    """The pull on each wire to be short and straight: most in a one-to-one chain, then from a leaf used once."""
    results = {wire.head for wire in scene.wires}
    uses = Counter(wire.tail for wire in scene.wires)
    takes = Counter(wire.head for wire in scene.wires if wire.tail in results)
    once = {w.id: "8" if w.tail not in results else "20" if takes[w.head] == 1 else "2" for w in scene.wires}
    return {w.id: once[w.id] if uses[w.tail] == 1 else "1" for w in scene.wires}


def _in_order(graph: Any, scene: Scene, direction: str) -> None:
    """Shared leaves of one array in index order and evenly apart; stages in the order of the computation, as heads 1 to 4.

    With lanes every column is a rank in its order.
    """
    array, room = layout.shared(scene), rooms(scene, direction)
    for k, column in columns(scene).items():
        apart = max(1, 1 + int((SPREAD * max(room.values()) - room[k]) / len(column) / NODE))  # in steps of nodesep
        own = [c for c in column if scene.lanes or not scene.staged or c.kind in ("operation", "output")]
        pairs = [(a.id, b.id, array[a.id][0] == array[b.id][0]) for a, b in pairwise(own)]
        if not scene.lanes and not scene.staged and not any(together for *_, together in pairs):
            continue
        with graph.subgraph(graph_attr={"rank": "same"}) as rank:
            if scene.lanes:
                rank.edge(f"lane{k}", column[0].id, style="invis", weight="1")
            for card in column if scene.staged else ():
                rank.node(card.id)
            for before, after, together in pairs:
                if together or scene.lanes or scene.staged:  # dot ignores flat edges of weight 0
                    rank.edge(before, after, style="invis", weight="1", minlen=str(apart if together else 1))


def _spine(graph: Any, scene: Scene) -> None:
    """A chain of nodes, one in each column, that carry the headings and keep room for them."""
    ranks, shares, last = columns(scene), heading_shares(scene), -1
    for k, column in ranks.items():
        lane = scene.lanes[column[0].lane]
        text = _lines(lane.name, lane.formula) if column[0].lane != last else ""
        last = column[0].lane
        graph.node(f"lane{k}", text, shape="plaintext", width=_inches(shares[k]), height=_inches(24))
    for a, b in pairwise(ranks):
        apart = ranks[a][0].lane != ranks[b][0].lane
        graph.edge(f"lane{a}", f"lane{b}", style="invis", weight="100", minlen="2" if apart else "1")


def _read(answer: dict[str, Any]) -> Places:
    """The places in Graphviz's JSON."""
    height = float(answer["bb"].split(",")[3])

    def point(text: str) -> Point:
        x, y = text.split(",")[-2:]
        return float(x), height - float(y)

    def curve(position: str) -> list[Point]:  # "e,tip start control control end …", or "s,tip end … start"
        tip, *points = map(point, position.split())
        return [*(points[::-1] if position[0] == "s" else points), tip]

    cards = {node["name"]: point(node["pos"]) for node in answer["objects"] if "pos" in node}
    return Places(cards, {edge["id"]: curve(edge["pos"]) for edge in answer.get("edges", ()) if "id" in edge})


# --- engines ----------------------------------------------------------------------------------------------------------


def installed(dot: str, seconds: float) -> str:
    """The JSON of an installed Graphviz; an exception if there is none, or if it takes longer."""
    import shutil
    import subprocess

    command = [shutil.which("dot") or "dot", "-Tjson0"]
    done = subprocess.run(command, input=dot.encode(), capture_output=True, timeout=seconds, check=True)  # noqa: S603
    return done.stdout.decode()
