"""A long picture in rows, as a text is folded: the wires that cross the end of a row go on at the left of the next one."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from viz.picture.layout import Places, Point
from viz.picture.scene import Scene

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
        levels.append([(a + t * (c - a), b + t * (d - b)) for (a, b), (c, d) in pairwise(levels[-1])])
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
    t = min(0.5, TURN / (math.dist(corner, other) or 1.0))
    return corner[0] + t * (other[0] - corner[0]), corner[1] + t * (other[1] - corner[1])


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
