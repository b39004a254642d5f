"""Where a wire's number stands: on the wire, where it covers least of the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from viz.cards import Scene
from viz.layout import Places, Point
from viz.text import width

SIZE = 8.0  # of the type, in points
ALONG = (0.5, 0.44, 0.56, 0.38, 0.62, 0.32, 0.68, 0.26, 0.74, 0.2, 0.8)  # of a wire's length, the best place first
CELL = 4.0  # the picture as squares of this size, each with a count of what covers it
CARD, LABEL = 6, 20  # how much worse it is to cover these than a wire

Cell = tuple[int, int]


def stand(scene: Scene, places: Places) -> dict[str, Point]:
    """The centre of the label of every wire that shows one."""
    paths = {wire: list(samples(curve)) for wire, curve in places.wires.items()}
    covered: Counter[Cell] = Counter()
    for card in scene.cards:
        covered.update(dict.fromkeys(_cells(places.cards[card.id], card.width, card.height), CARD))
    wires = {wire: {_cell(p) for p in path} for wire, path in paths.items()}
    for cells in wires.values():
        covered.update(cells)
    centres = {}
    for wire in scene.wires:
        if wire.shown:
            size = box(wire.label)
            centres[wire.id] = best = _best(paths[wire.id], wires[wire.id], size, covered)
            covered.update(dict.fromkeys(_cells(best, *size), LABEL))
    return centres


def box(label: str) -> tuple[float, float]:
    """Width and height of a label's ground."""
    return width(label, SIZE) + 3, SIZE + 2


def samples(curve: list[Point], steps: int = 12) -> Iterator[Point]:
    """Points along a chain of cubic Bézier curves, as many on each."""
    for k in range(0, len(curve) - 3, 3):
        (ax, ay), (bx, by), (cx, cy), (dx, dy) = curve[k : k + 4]
        for n in range(steps + 1):
            t = n / steps
            a, b, c, d = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3
            yield a * ax + b * bx + c * cx + d * dx, a * ay + b * by + c * cy + d * dy


def _best(path: list[Point], own: set[Cell], size: tuple[float, float], covered: Mapping[Cell, int]) -> Point:
    def cost(point: Point) -> int:
        return sum(covered.get(cell, 0) - (cell in own) for cell in _cells(point, *size))

    return min((path[round(t * (len(path) - 1))] for t in ALONG), key=cost)


def _cell(point: Point) -> Cell:
    return int(point[0] // CELL), int(point[1] // CELL)


def _cells(centre: Point, wide: float, high: float) -> list[Cell]:
    (left, top), (right, bottom) = (_cell((centre[0] + s * wide / 2, centre[1] + s * high / 2)) for s in (-1, 1))
    return [(x, y) for x in range(left, right + 1) for y in range(top, bottom + 1)]
