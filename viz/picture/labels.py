"""Places for the numbers on wires: on a wire or beside it, and on no card and no other number."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from viz.picture.layout import Box, Places, Point, box_at
from viz.picture.scene import Scene, Wire

Label = tuple[Box, int]  # the ground of a label, and how many of its lines stand there

CELL = 4.0  # points, at most, from one dot of a wire to the next
STEPS = 20  # places along a wire that are tried
SEEN = 2  # dots of its wire to be seen on each side of a label: 8 points
AIR = 1.5  # points to a card, and half of that to another label
_T = np.linspace(0, 1, 13)[:, None]
BEZIER = np.hstack([(1 - _T) ** 3, 3 * _T * (1 - _T) ** 2, 3 * _T * _T * (1 - _T), _T**3])
BESIDE, SHORT, CROSSED, OFF_CENTRE = 12.0, 14.0, 1.5, 4.0  # how bad it is to stand so


def stand(scene: Scene, places: Places) -> dict[str, Label]:
    """The label of every wire that shows one and has a free place.

    The label with the fewest free places chooses first; each takes the best of those that are left. Lines for which the
    layout made no room come last, where there is some.
    """
    paths = {wire.id: _even(places.wires[wire.id]) for wire in scene.wires}
    crowd = _crowd(np.concatenate(list(paths.values())))
    cards = np.array([(*places.cards[card.id], *card.size) for card in scene.cards])
    found: dict[str, Label] = {}
    taken: dict[str, tuple[float, ...]] = {}

    def settle(wanted: Sequence[tuple[Wire, int]]) -> None:
        """Give these labels, of so many lines, a place each if there is one."""
        boxes = [(wire.id, lines, wire.label(lines)) for wire, lines in wanted]
        tried = [(key, lines, box, *_tried(paths[key], box, cards, crowd)) for key, lines, box in boxes]
        for key, lines, box, spots, cost in sorted(tried, key=lambda choice: len(choice[3])):
            others = np.array([place for other, place in taken.items() if other != key]).reshape(-1, 4)
            free = ~_overlap(spots, box, others, AIR / 2).any(axis=1)
            if free.any():
                x, y = spots[free][cost[free].argmin()].tolist()
                found[key], taken[key] = (box_at(*box, (x, y)), lines), (x, y, *box)

    shown = [wire for wire in scene.wires if wire.shown]
    least = {wire.id: 2 if wire.quotient else 1 for wire in shown}  # a quotient says nothing without its second line
    settle([(wire, max(least[wire.id], wire.room)) for wire in shown])
    settle([(wire, least[wire.id]) for wire in shown if wire.id not in found])
    settle([(w, len(w.lines)) for w in shown if w.id in found and found[w.id][1] < len(w.lines)])
    return found


def _overlap(spots: Any, box: Point, others: Any, air: float) -> Any:
    """True for each spot and each of the others to which a box at that spot comes closer than `air`."""
    wide, high = ((others[:, 2:] + box) / 2 + air).T
    return (np.abs(spots[:, :1] - others[:, 0]) < wide) & (np.abs(spots[:, 1:] - others[:, 1]) < high)


def _even(curve: list[Point]) -> Any:
    """Points along a wire, a chain of cubic Bézier curves: an odd number of them, a cell apart."""
    points = np.array(curve)
    path = np.concatenate([BEZIER @ points[k : k + 4] for k in range(0, len(curve) - 4, 3)])
    run = np.concatenate([[0.0], np.hypot(*np.diff(path, axis=0).T).cumsum()])
    count = 2 * max(1, math.ceil(run[-1] / CELL / 2))
    at = np.arange(count + 1) * (run[-1] / count)
    return np.column_stack([np.interp(at, run, path[:, 0]), np.interp(at, run, path[:, 1])])


def _tried(path: Any, box: Point, cards: Any, crowd: Any) -> tuple[Any, Any]:
    """Places for a label clear of the cards, on the wire and touching it on either side, and how bad each is."""
    last = len(path) - 1
    along = np.append(np.arange(1, last, max(1, last // STEPS)), last // 2)
    on, run = path[along], path[along + 1] - path[along - 1]
    run /= np.maximum(np.hypot(run[:, 0], run[:, 1]), 1e-9)[:, None]
    aside = run[:, ::-1] * (-1, 1) * (np.abs(run[:, ::-1]) @ box / 2 + AIR)[:, None]
    spots = np.concatenate([on, on + aside, on - aside])
    hidden = (box / np.maximum(np.abs(run), 1e-9)).min(axis=1) / CELL  # dots of the wire itself
    short = np.minimum(along, last - along) < hidden / 2 + SEEN
    cost = np.concatenate([SHORT * short - CROSSED * hidden, np.full(2 * len(on), BESIDE)])
    cost += CROSSED * _covered(crowd, spots, box) + OFF_CENTRE * np.tile(np.abs(along / last - 0.5), 3)
    clear = ~_overlap(spots, box, cards, AIR).any(axis=1)
    return spots[clear], cost[clear]


def _crowd(dots: Any) -> tuple[Any, Any]:
    """The number of dots above and to the left of each corner of a grid of cells, and the point where the grid begins."""
    start = dots.min(axis=0)
    cells = ((dots - start) / CELL).astype(int) + 1
    sums = np.zeros(cells.max(axis=0) + 1)
    np.add.at(sums, (cells[:, 0], cells[:, 1]), 1)
    return sums.cumsum(axis=0).cumsum(axis=1), start


def _covered(crowd: Any, spots: Any, box: Point) -> Any:
    """The number of dots that a box at each spot covers, to the nearest cell."""
    sums, start = crowd
    corners = (np.rint((spots - start + np.multiply(box, s)) / CELL).astype(int) for s in (-0.5, 0.5))
    (a, b), (c, d) = (np.clip(corner, 0, np.array(sums.shape) - 1).T for corner in corners)
    return sums[c, d] - sums[a, d] - sums[c, b] + sums[a, b]
