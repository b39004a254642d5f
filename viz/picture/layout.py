"""Places: the centre of each card and the course of each wire.

Graphviz finds them. Here wires get tips of their own, a long picture is folded into rows, and plain columns need no other
program.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise
from typing import Any

from autograd.names import Name
from viz.picture.scene import Card, Panel, Scene

Point = tuple[float, float]
Box = tuple[float, float, float, float]  # left, top, right, bottom

NODE = 13.0  # points between the cards of a column
VISIBLE = 25.0  # points of a wire between two columns that its number leaves free, the arrow's 7 among them
TIPS, CORNER = 11.0, 9.0  # points between the tips of two wires, and from the last one to a corner of the card
CROWDED, MOST = 3.2, 240.0  # times the room that numbers would fill side by side; points, if that is too much


@dataclass(frozen=True)
class Places:
    """The centre of each card, and each wire: a chain of cubic Bézier curves, then the arrow's tip; y grows downwards."""

    cards: dict[str, Point]
    wires: dict[str, list[Point]]
    note: str = ""  # how the layout came about, if not by Graphviz


def box_at(wide: float, high: float, centre: Point) -> Box:
    """The box of this size around a centre."""
    x, y = centre
    return x - wide / 2, y - high / 2, x + wide / 2, y + high / 2


def _between(a: Point, b: Point, t: float) -> Point:
    """The point that lies at the share t of the way from one to another."""
    return a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])


def columns(scene: Scene) -> dict[int, list[Card | Panel]]:
    """The cards by column, shared leaves of one array in index order; a column is a rank of Graphviz's."""
    array = shared(scene)
    first = {array[card.id][0]: -k for k, card in enumerate(reversed(scene.cards))}
    cards = sorted(scene.cards, key=lambda c: (c.column, first[array[c.id][0]], array[c.id][1]))
    return {k: list(column) for k, column in groupby(cards, lambda card: card.column)}


def shared(scene: Scene) -> dict[str, tuple[str, tuple[int, ...]]]:
    """The array and the index of each leaf that several results take; of any other card only itself."""
    uses = Counter(wire.tail for wire in scene.wires)
    leaves = (c for c in scene.cards if isinstance(c, Card) and not c.glyph)
    names = {c.id: Name(c.name) for c in leaves if uses[c.id] > 1}
    elements = {key: (f"[{name.array}", name.index) for key, name in names.items()}  # no card's id begins so
    return {card.id: elements.get(card.id, (card.id, ())) for card in scene.cards}


def heading_shares(scene: Scene) -> dict[int, float]:
    """Each column's part in the width of its lane's heading."""
    lanes = {card.column: card.lane for card in scene.cards}
    parts = Counter(lanes.values())
    return {k: scene.lanes[lane].heading / parts[lane] if scene.lanes else 0.0 for k, lane in lanes.items()}


def gap(scene: Scene, direction: str) -> float:
    """Points between columns: for the longest number on a wire, an arrow and some of the wire on either side of it.

    If many wires run from one column to the next, their numbers find room side by side. Two lanes are twice as far.
    """
    right, cards, room = direction == "right", {card.id: card for card in scene.cards}, rooms(scene, direction)
    ends = [(wire.label(), cards[wire.tail], cards[wire.head]) for wire in scene.wires if wire.shown]
    tight = [(box, a.column) for box, a, b in ends if a.lane == b.lane and a.column + 1 == b.column]
    wide, high = (max((box[k] for box, _ in tight), default=(0.0, 10.0)[k]) for k in (0, 1))
    along, across = (wide, high) if right else (high, wide)
    lanes = max((box[not right] / 2 for box, a, b in ends if a.lane != b.lane), default=0.0)
    rows = (n * (across + 3) / max(room[k], room[k + 1]) for k, n in Counter(k for _, k in tight).items())
    crowded = min(MOST, max(rows, default=0.0) * CROWDED * (along + 6))
    return max(40.0 if right else 34.0, max(along, lanes) + VISIBLE, crowded)


def rooms(scene: Scene, direction: str) -> dict[int, float]:
    """Points that the cards of each column take up across the picture."""
    ranks, across = columns(scene), direction == "right"
    return {k: sum(card.size[across] + NODE for card in column) for k, column in ranks.items()}


# --- wires that share a track -----------------------------------------------------------------------------------------


def apart(scene: Scene, places: Places) -> Places:
    """The same, where wires that arrive at one side of a card have tips of their own, in the order in which they come."""
    boxes = {card.id: card.size for card in scene.cards}
    sides = defaultdict[tuple[str, int, bool], list[str]](list)
    for wire in scene.wires:
        (x, y), (u, v), (wide, high) = places.wires[wire.id][-1], places.cards[wire.head], boxes[wire.head]
        along = int(abs(x - u) / wide > abs(y - v) / high)  # 1 where it arrives at the left or the right
        sides[wire.head, along, (y, x)[along] < (v, u)[along]].append(wire.id)
    moved = dict(places.wires)
    for (head, along, _), keys in sides.items():
        room, middle = boxes[head][along] - 2 * CORNER, places.cards[head][along]
        step = min(TIPS, room / max(1, len(keys) - 1))
        tips = sorted(places.wires[key][-1][along] for key in keys)
        if all(b - a >= step for a, b in pairwise(tips)):
            continue
        centre, half = sum(tips) / len(tips), step * (len(keys) - 1) / 2
        first = min(max(centre - half, middle - room / 2), middle + room / 2 - 2 * half)
        for k, key in enumerate(sorted(keys, key=lambda key: _slope(places.wires[key], along, centre))):
            more = first + k * step - places.wires[key][-1][along]
            ends = [(x, y + more) if along else (x + more, y) for x, y in moved[key][-3:]]
            moved[key] = [*moved[key][:-3], *ends]
    return replace(places, wires=moved)


def _slope(curve: Sequence[Point], along: int, centre: float) -> float:
    """The slope at which a wire comes to a side of a card: in this order those that turn to it do not cross."""
    return (curve[-5][along] - centre) / (abs(curve[-5][1 - along] - curve[-1][1 - along]) + 1e-9)


# --- a long picture in rows, as a text is folded: wires that cross the end of a row go on at the left of the next one -----

CROSSING = 2  # wires that may go on in the next row
AIR, TURN = 16.0, 7.0  # points between two rows, and between two wires or around a corner
LATE = 0.55  # of a row: it ends after this, where the fewest wires cross


def folded(scene: Scene, places: Places, widest: float) -> Places | None:
    """The places of a picture that goes to the right, in rows of at most this width; None if too much hangs together."""
    ends = [(x - w / 2, x + w / 2) for x, w in ((places.cards[card.id][0], card.size[0]) for card in scene.cards)]
    cuts = _cuts(ends, [(curve[0][0], curve[-1][0]) for curve in places.wires.values()], widest)
    if not cuts:
        return None
    row = {card.id: sum(places.cards[card.id][0] > cut for cut in cuts) for card in scene.cards}
    if any(not 0 <= row[w.head] - row[w.tail] <= 1 for w in scene.wires):
        return None
    left = [min(a for a, _ in ends) - AIR, *cuts]
    halves = {w.id: _halves(places.wires[w.id], cuts[row[w.tail]]) for w in scene.wires if row[w.head] > row[w.tail]}
    rows = {w.id: (row[w.tail], row[w.head]) for w in scene.wires}
    parts = {key: [*zip(two, halves.get(key, [places.wires[key]]), strict=False)] for key, two in rows.items()}
    tops = _tops(scene, places, row, [part for two in parts.values() for part in two])

    def moved(k: int, points: Sequence[Point]) -> list[Point]:
        return [(x - left[k], y - tops[k][0] + tops[k][1]) for x, y in points]

    cards = {key: moved(row[key], [at])[0] for key, at in places.cards.items()}
    wires, used = {}, dict.fromkeys(range(len(left)), 0)
    for key, found in parts.items():
        curves = [moved(k, points) for k, points in found]
        if len(curves) == 1:
            wires[key] = curves[0]
            continue
        k = found[1][0]
        used[k] += 1
        aside = used[k] * TURN
        floor = tops[k][1] - AIR / 2 - (CROSSING + 1) * TURN + aside
        (x, y), (u, v) = curves[0][-1], curves[1][0]
        corners = [(x, y), (x + aside, y), (x + aside, floor), (u - aside, floor), (u - aside, v), (u, v)]
        wires[key] = [*curves[0], *_rounded(corners), *curves[1][1:]]
    return Places(cards, wires, places.note)


def _cuts(cards: Sequence[tuple[float, float]], wires: Sequence[tuple[float, float]], widest: float) -> list[float]:
    """The ends of the rows: in gaps between the cards, where few wires cross; none if there are none such."""
    (start, right), *others = sorted(cards)
    gaps, cuts = list[float](), list[float]()
    for a, b in others:
        if a - right > 4 * TURN:
            gaps.append((right + a) / 2)
        right = max(right, b)
    while right - start > widest:
        near = [x for x in gaps if start + LATE * widest < x <= start + widest]
        crossing = {x: sum(a < x < b for a, b in wires) for x in near}
        best = min(reversed(near), key=crossing.__getitem__, default=None)
        if best is None or crossing[best] > CROSSING:
            return []
        cuts.append(start := best)
    return cuts


def _halves(curve: Sequence[Point], x: float) -> tuple[list[Point], list[Point]]:
    """A chain of Bézier curves, taken apart where it crosses x: the first part, and the second with the arrow's tip."""
    points = list(curve[:-1])
    k = next((k for k in range(0, len(points) - 3, 3) if points[k][0] <= x <= points[k + 3][0]), 0)
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if _split(points[k : k + 4], middle)[3][0] < x else (low, middle)
    found = _split(points[k : k + 4], low)
    return [*points[:k], *found[:4]], [*found[3:], *points[k + 4 :], curve[-1]]


def _split(p: Sequence[Point], t: float) -> list[Point]:
    """The seven points of two Bézier curves that one is taken apart into (de Casteljau)."""
    levels = [list(p)]
    while len(levels[-1]) > 1:
        levels.append([_between(a, b, t) for a, b in pairwise(levels[-1])])
    return [level[0] for level in levels] + [level[-1] for level in levels[-2::-1]]


def _rounded(corners: Sequence[Point]) -> list[Point]:
    """Bézier curves along right angles, rounded; without their first point."""
    path, at = list[Point](), corners[0]
    for before, corner, after in zip(corners, corners[1:], corners[2:], strict=False):
        a, b = _toward(corner, before), _toward(corner, after)
        path += [at, a, a, corner, corner, b]  # a line, whose controls are its ends, and the turn
        at = b
    return [*path, at, corners[-1], corners[-1]]


def _toward(corner: Point, other: Point) -> Point:
    """The point of a line at which the turn around a corner begins."""
    return _between(corner, other, min(0.5, TURN / (math.dist(corner, other) or 1.0)))


def _tops(scene: Scene, places: Places, row: Mapping[str, int], parts: Sequence[tuple[int, Any]]) -> list[Point]:
    """The top of each row where it was, and where it comes to stand."""
    spans: dict[int, list[float]] = {}
    for card in scene.cards:
        y, half = places.cards[card.id][1], card.size[1] / 2
        spans.setdefault(row[card.id], []).extend((y - half, y + half))
    for k, points in parts:
        spans[k].extend(y for _, y in points)
    tops, y = [], 0.0
    for k in sorted(spans):
        tops.append((min(spans[k]), y))
        y += max(spans[k]) - min(spans[k]) + AIR + (CROSSING + 1) * TURN
    return tops


# --- plain columns ----------------------------------------------------------------------------------------------------


def built_in(scene: Scene, direction: str) -> Places:
    """A plain layout: columns by depth, cards in the order of the computation, straight wires."""
    boxes, centres = _plain(scene, direction)
    wires = _straight(scene, centres, boxes)
    if direction == "down":
        centres = {key: (y, x) for key, (x, y) in centres.items()}
        wires = {key: [(y, x) for x, y in curve] for key, curve in wires.items()}
    return Places(centres, wires, "Laid out in plain columns: Graphviz gave no answer.")


def natural_width(scene: Scene, direction: str) -> float:
    """Points from the left of the first card to the right of the last one, in plain columns; with room for passing wires."""
    (boxes, centres), x = _plain(scene, direction), direction == "down"
    ends = [(centres[key][x] - box[x] / 2, centres[key][x] + box[x] / 2) for key, box in boxes.items()]
    wide = max(right for _, right in ends) - min(left for left, _ in ends)
    if direction == "right":
        return wide
    column = {card.id: card.column for card in scene.cards}
    passing = Counter(k for w in scene.wires for k in range(column[w.tail] + 1, column[w.head]))
    room = rooms(scene, direction)
    return max(wide, *(room[k] + NODE * n for k, n in passing.items()), 0.0)


def _plain(scene: Scene, direction: str) -> tuple[dict[str, Point], dict[str, Point]]:
    """The size and the centre of each card, along the flow and across it."""
    right, centres = direction == "right", dict[str, Point]()
    boxes: Any = {card.id: card.size if right else card.size[::-1] for card in scene.cards}
    along, apart, shares = 0.0, gap(scene, direction) * (1.5 if scene.lanes else 1.0), heading_shares(scene)
    for k, column in columns(scene).items():
        thick = max(shares[k] if right else 0.0, *(boxes[card.id][0] for card in column))
        across = -sum(boxes[card.id][1] + NODE for card in column) / 2
        across += (k % 2) * (boxes[column[0].id][1] + NODE) / 2  # wires that skip a column then pass between its cards
        for card in column:
            high = boxes[card.id][1]
            centres[card.id] = along + thick / 2, across + high / 2
            across += high + NODE
        along += thick + apart
    return boxes, centres


def _straight(scene: Scene, centres: Mapping[str, Point], boxes: Mapping[str, Point]) -> dict[str, list[Point]]:
    """Wires from the end of one card to the front of the other, at which they arrive side by side."""
    arrivals = Counter(wire.head for wire in scene.wires)
    arrived: Counter[str] = Counter()
    curves = {}
    for wire in scene.wires:
        (x, y), (u, v), tail, head = centres[wire.tail], centres[wire.head], boxes[wire.tail], boxes[wire.head]
        arrived[wire.head] += 1
        aside = arrived[wire.head] / (arrivals[wire.head] + 1) - 0.5
        if x == u:  # a leaf beside its stage
            side = 1 if y < v else -1
            a, b = (x, y + side * tail[1] / 2), (u, v - side * head[1] / 2)
        else:
            a, b = (x + tail[0] / 2, y), (u - head[0] / 2, v + aside * head[1])
        end = 1 - 6 / (math.dist(a, b) or 6)  # where the arrow begins
        curves[wire.id] = [_between(a, b, t) for t in (0, end / 3, 2 * end / 3, end, 1)]
    return curves
