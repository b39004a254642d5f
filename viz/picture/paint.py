"""The SVG text of a scene: shapes and words at their places.

Colours are presentation attributes, which survive where a `<style>` is dropped; the one style sheet only repeats
them for dark mode. Nothing else is used that a sanitiser or a plain SVG renderer would not know.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from textwrap import wrap

from viz.numbers import width
from viz.picture.colours import Brush, strength, tint
from viz.picture.labels import Label, stand
from viz.picture.layout import Box, Places, Point, box_at
from viz.picture.scene import APART, HEAD, INSET, ROW, SMALL, TITLE, Card, Grid, Panel, Scene, Wire

Footer = tuple[list[str], float, float]  # lines, width and height

FONT = "Helvetica, Arial, 'Liberation Sans', sans-serif"
LEGEND = 187.0  # points, 250 pixels: the narrowest picture with a legend
MARGIN, PAD, HEADING = 8.0, 10.0, 44.0  # around the picture, inside a lane, and above its cards

BORDERS = {"input": 1.6, "parameter": 1.6, "output": 2.0, "failed": 2.6}


def svg(scene: Scene, places: Places, direction: str, theme: str, legend: bool, title: str) -> str:
    """The picture as one SVG element; the same text for the same graph, every time."""
    brush = Brush(theme)
    labels = stand(scene, places) if any(wire.shown for wire in scene.wires) else {}
    points = [(x, y, x, y) for curve in places.wires.values() for x, y in curve]
    cards = (box_at(*card.size, places.cards[card.id]) for card in scene.cards)
    whole = _around([*points, *cards, *(ground for ground, _ in labels.values())])
    bands = _bands(scene, places, whole, direction)
    left, top, right, bottom = _around([whole, *bands])
    notes = [*map(str, scene.notes), *filter(None, [_unlabelled(scene, labels), places.note])]
    labelled = [wire for wire in scene.wires if wire.id in labels]
    entries = list(_entries(scene, labelled, brush)) if legend and right - left >= LEGEND else []
    footer, wide, high = _footer(entries, notes, right - left, brush)
    aside = max(0.0, wide - (right - left)) / 2  # a narrow picture stands above the middle of its legend
    frame = left - aside - MARGIN, top - MARGIN, right + aside + MARGIN, bottom + high + MARGIN
    body = [
        f"<rect {_rect(frame)} {brush(fill='paper')}/>",
        *_lanes(scene, bands, direction, brush),
        *(_wire(wire, places.wires[wire.id], brush) for wire in scene.wires),
        *(part for w in labelled for part in _label(w, labels[w.id], bands, places.wires[w.id], brush)),
        *(part for card in scene.cards for part in _card(card, places.cards[card.id], brush)),
        f'<g transform="translate({_n(left - aside)},{_n(bottom)})" font-size="9" text-anchor="start">',
        *footer,
        "</g>",
    ]
    ends = [f"Output: {', '.join(filter(None, card.lines))}." for card in scene.cards if card.kind == "output"]
    return _document(body, frame, brush, title, " ".join([f"{len(scene.wires)} edges.", *ends[:4], *notes]))


def _document(body: Sequence[str], frame: Box, brush: Brush, title: str, text: str) -> str:
    from hashlib import sha256  # loads OpenSSL: when the first picture is painted

    uid = "g" + sha256("\n".join([brush.theme, title, *body]).encode()).hexdigest()[:10]
    wide, high = frame[2] - frame[0], frame[3] - frame[1]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" id="{uid}" width="{_n(wide * 4 / 3)}" height="{_n(high * 4 / 3)}" '
        f'viewBox="{_n(frame[0])} {_n(frame[1])} {_n(wide)} {_n(high)}" role="img" '
        f'aria-labelledby="{uid}-title {uid}-desc" font-family="{FONT}" font-size="10" '
        'text-anchor="middle">'
    )
    words = f'<title id="{uid}-title">{escape(title)}</title><desc id="{uid}-desc">{escape(text)}</desc>'
    return "\n".join([head, words + brush.style(uid), *body, "</svg>"]).replace(' id="#', f' id="{uid}-') + "\n"


def _n(x: float) -> str:
    """A coordinate: two digits after the point are finer than any screen."""
    text = f"{x:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


# --- finding the parts of a picture again -----------------------------------------------------------------------------

# The value and the gradient of a card, the cells of a grid, and what flows back along a wire, as CSS finds them. Twins:
# `single`, `panel` and `draw` in page/script/picture.js, kept equal by the stepping tests of test_steps.py.
VALUE, GRADIENT = ("text:nth-of-type(2)",), ("text:nth-of-type(3)", "path")
FLOW = ("path", "path+text")
CELLS = ("rect", "text:not(:first-of-type)")


def uid(svg: str) -> str:
    """The picture's id, with which the ids of its parts begin."""
    return svg.partition('id="')[2].partition('"')[0]


def without_tooltips(svg: str) -> str:
    """The picture with empty tooltips."""
    return re.sub(r"<title>[^<]+</title>", "<title></title>", svg)


# --- extents ----------------------------------------------------------------------------------------------------------


def _around(boxes: Iterable[Box]) -> Box:
    left, top, right, bottom = zip(*boxes, strict=True)
    return min(left), min(top), max(right), max(bottom)


def _bands(scene: Scene, places: Places, whole: Box, direction: str) -> list[Box]:
    """Each lane's band: as long as its cards and its heading, as wide as the picture and all headings."""
    bands = []
    beside = max((lane.heading for lane in scene.lanes), default=0.0)
    for k, lane in enumerate(scene.lanes):
        cards = (box_at(*c.size, places.cards[c.id]) for c in scene.cards if c.lane == k)
        left, top, right, bottom = _around(cards)
        if direction == "right":
            more = max(0.0, lane.heading - (right - left)) / 2 + PAD
            bands.append((left - more, whole[1] - HEADING, right + more, whole[3] + PAD))
        else:
            bands.append((whole[0] - beside - 2 * PAD, top - PAD, whole[2] + PAD, bottom + PAD))
    return bands


# --- shapes and words ------------------------------------------------------------------------------------------------


def _rect(box: Box) -> str:
    left, top, right, bottom = box
    return f'x="{_n(left)}" y="{_n(top)}" width="{_n(right - left)}" height="{_n(bottom - top)}"'


def _shape(box: Box, kind: str, corner: float, brush: Brush) -> str:
    """A card's ground and border."""
    dashed = ' stroke-dasharray="3 2"' if kind in ("constant", "stub") else ""
    thick = _n(BORDERS.get(kind, 1.0))
    return f'<rect {_rect(box)} rx="{_n(corner)}"{dashed} stroke-width="{thick}" {brush(fill="card", stroke=kind)}/>'


def _text(x: float, y: float, words: str, brush: Brush, name: str = "ink", more: str = "") -> str:
    return f'<text x="{_n(x)}" y="{_n(y)}" {brush(fill=name)}{more}>{escape(words)}</text>'


def _lanes(scene: Scene, bands: Sequence[Box], direction: str, brush: Brush) -> Iterator[str]:
    beside = max((lane.heading for lane in scene.lanes), default=0.0)
    for k, (lane, band) in enumerate(zip(scene.lanes, bands, strict=True)):
        yield f'<rect id="#lane{k}" {_rect(band)} rx="6" {brush(fill="lane", stroke="band")}/>'
        left, top, right, bottom = band
        x, y = (left + right) / 2, top + PAD + 10
        if direction == "down":
            x, y = left + PAD + beside / 2, (top + bottom) / 2 + (-3 if lane.formula else 4)
        yield _text(x, y, lane.name, brush, "ink", ' font-size="12" font-weight="bold"')
        if lane.formula:
            yield _text(x, y + 14, lane.formula, brush, "muted", ' font-size="9"')


def _unlabelled(scene: Scene, labels: Mapping[str, Label]) -> str:
    """A sentence that counts the labels for which there was no room."""
    left = sum(wire.shown and wire.id not in labels for wire in scene.wires)
    one, many = ("label", "labels") if scene.staged else ("number: viz.table lists it", "numbers: viz.table lists them")
    texts = {0: "", 1: f"1 edge has no room for its {one}."}
    return texts.get(left, f"{left} edges have no room for their {many}.")


def _label(wire: Wire, place: Label, bands: Sequence[Box], curve: Sequence[Point], brush: Brush) -> Iterator[str]:
    ground, count = place
    x, y = (ground[0] + ground[2]) / 2, (ground[1] + ground[3]) / 2
    inside = any(left < x < right and top < y < bottom for left, top, right, bottom in bands)
    high, paper = wire.letters, brush(fill="lane" if inside else "paper")
    yield f'<g id="#{wire.id}-label" font-size="{_n(high)}"><rect {_rect(ground)} rx="2" {paper}/>'
    for k, words in enumerate(wire.lines[:count]):
        down = y + (k - (count - 1) / 2) * (high + 2) + 0.36 * high
        if words.startswith("◂ "):
            yield _back(x, down, words, wire, curve, brush)
        else:  # the second line of two says what the first one is
            first = bool(wire.quotient) and not k
            yield _text(x, down, words, brush, "ink" if k else "muted", ' font-style="italic"' * first)
    yield "</g>"


def _back(x: float, y: float, words: str, wire: Wire, curve: Sequence[Point], brush: Brush) -> str:
    """The line of what flows back, in its colour, after a small head that points where it flows."""
    name, high = _colours(wire)[1], wire.letters
    left = x - wire.long(words) / 2
    dx, dy = curve[0][0] - curve[-1][0], curve[0][1] - curve[-1][1]
    dx, dy = (math.copysign(2.25, dx), 0.0) if abs(dx) >= abs(dy) else (0.0, math.copysign(2.25, dy))
    u, v = left + 2.25, y - 0.36 * high
    head = f'<path d="{_arrow((u - dx, v - dy), (u + dx, v + dy), 2.7)}" {brush(fill=name)}/>'
    return head + _text(left + HEAD, y, words[2:], brush, name, ' text-anchor="start"')


def _colours(wire: Wire) -> tuple[str, str]:
    """The colours of a wire and of what flows back along it."""
    if wire.quotient:
        return "neutral", "back"
    if wire.share and not math.isfinite(wire.share):
        return "infinite", "infinite"
    return ("plus", "rise") if (wire.share or 0) > 0 else ("minus", "fall") if wire.share else ("neutral", "muted")


def _wire(wire: Wire, curve: Sequence[Point], brush: Brush) -> str:
    colour = _colours(wire)[0]
    thick = 0.9 + 1.4 * strength(1.0 if colour == "infinite" else wire.share or 0.0)
    (start, *controls), tip = curve[:-1], curve[-1]
    dashed = "" if wire.edges else ' stroke-dasharray="3 2"'
    title = f"<title>{escape(wire.title)}</title>" if wire.title else ""
    path = f"M{_point(start)}C{' '.join(map(_point, controls))}"
    stem = f'<path d="{path}" fill="none" stroke-width="{_n(thick)}"{dashed} {brush(stroke=colour)}/>'
    head = f'<path d="{_arrow(controls[-1], tip, 2.2 + thick / 2)}" {brush(fill=colour)}/>'
    return f'<g id="#{wire.id}">{title}{stem}{head}</g>'


def _point(p: Point) -> str:
    return f"{_n(p[0])},{_n(p[1])}"


def _arrow(base: Point, tip: Point, half: float) -> str:
    dx, dy = tip[0] - base[0], tip[1] - base[1]
    scale = half / (math.hypot(dx, dy) or 1.0)
    wings = [(base[0] + s * dy * scale, base[1] - s * dx * scale) for s in (1, -1)]
    return f"M{_point(tip)}L{_point(wings[0])} {_point(wings[1])}Z"


def _card(card: Card | Panel, centre: Point, brush: Brush) -> Iterator[str]:
    box = box_at(*card.size, centre)
    corner = 1.5 if card.kind == "parameter" else 9.0 if isinstance(card, Card) and card.small else 6.0
    yield f'<g id="#{card.id}"><title>{escape(card.title)}</title>{_shape(box, card.kind, corner, brush)}'
    yield from _panel(card, box, centre, brush) if isinstance(card, Panel) else _lines(card, box, centre, corner, brush)
    yield "</g>"


def _lines(card: Card, box: Box, centre: Point, corner: float, brush: Brush) -> Iterator[str]:
    if card.small:
        yield _text(centre[0], centre[1] + 3.2, card.lines[0], brush, "muted", ' font-size="9"')
    else:
        if card.node is not None and not math.isfinite(card.node.data):  # marked as a gradient that is not finite
            inside = box[0] + 1, box[1] + 14.0, box[2] - 1, box[3] - 14.3
            yield f"<rect {_rect(inside)} {brush(fill='broken')}/>"
        yield _first_line(card, centre[0], box[1] + 11, brush)
        yield _text(centre[0], box[1] + 22.8, card.value, brush, "ink", ' font-weight="bold"')
        yield _gradient(card, box, corner, brush)


def _panel(panel: Panel, box: Box, centre: Point, brush: Brush) -> Iterator[str]:
    x, y, start = box[0] + INSET, box[1] + 14.5, ' text-anchor="start"'
    yield _text(x, y, panel.name, brush, "ink", f'{start} font-size="{_n(TITLE)}" font-weight="bold"')
    if panel.formula:
        x += width(panel.name, TITLE, bold=True) + 6
        yield _text(x, y, panel.formula, brush, "muted", f'{start} font-size="{_n(SMALL)}"')
    rule = f"M{_point((box[0], box[1] + 20))}H{_n(box[2])}"
    yield f'<path d="{rule}" {brush(stroke="band")}/>'
    left = centre[0] - panel.inner / 2
    for k, grid in enumerate(panel.grids):
        yield f'<g id="#{panel.id}-{k}">'
        yield from _grid(grid, left, box[1] + 22, brush)
        yield "</g>"
        left += sum(grid.columns) + APART


def _grid(grid: Grid, left: float, top: float, brush: Brush) -> Iterator[str]:
    """Cells with their numbers under a heading; gradients are tinted after a backward pass."""
    wides = grid.columns
    middle = left + sum(wides) / 2
    yield _text(middle, top + 9.5, grid.heading, brush, "muted", f' font-size="{_n(SMALL)}" font-style="italic"')
    for i, row in enumerate(grid.cells):
        x, y = left, top + 13 + i * ROW
        for j, (text, wide) in enumerate(zip(row, wides, strict=True)):
            shade = grid.shades[i][j] if grid.shades else None
            node = grid.nodes[i][j] if grid.nodes and not grid.shades else None
            broken = node is not None and not math.isfinite(node.data)
            name = tint(shade) if shade is not None else "broken" if broken else "card"
            ground, ink = brush(fill=name, stroke="band"), brush(fill="ink")
            yield f'<rect {_rect((x, y, x + wide, y + ROW))} stroke-width="0.6" {ground}/>'
            yield f'<text x="{_n(x + wide / 2)}" y="{_n(y + 10)}" font-size="{_n(SMALL)}" {ink}>{escape(text)}</text>'
            x += wide


def _first_line(card: Card, x: float, y: float, brush: Brush) -> str:
    mark = f'<tspan font-weight="bold" {brush(fill="ink")}>{escape(card.glyph)}</tspan>' if card.glyph else ""
    gap = " " if mark and card.name else ""
    return f'<text x="{_n(x)}" y="{_n(y)}" {brush(fill="muted")}>{mark}{gap}{escape(card.name)}</text>'


def _gradient(card: Card, box: Box, corner: float, brush: Brush) -> str:
    """The strip at a card's foot, tinted after a backward pass, inside the border."""
    x, y = (box[0] + box[2]) / 2, box[3] - 3.4
    if card.shade is None:
        return _text(x, y, card.gradient, brush)
    inset = BORDERS.get(card.kind, 1.0) / 2
    left, top, right, foot, r = box[0] + inset, box[3] - 13.3, box[2] - inset, box[3] - inset, max(0.5, corner - inset)
    a, b, c, d = map(_point, ((right, foot), (right - r, foot), (left, foot), (left, foot - r)))
    path = f"M{_point((left, top))}H{_n(right)}V{_n(foot - r)}Q{a} {b}H{_n(left + r)}Q{c} {d}Z"
    return f'<path d="{path}" {brush(fill=tint(card.shade))}/>' + _text(x, y, card.gradient, brush)


# --- legend and notes -------------------------------------------------------------------------------------------------


def _footer(entries: Sequence[tuple[str, str]], notes: Sequence[str], wide: float, brush: Brush) -> Footer:
    """One line of the legend's entries, those for which there is room, and the notes; with their width and height."""
    lines: list[str] = []
    x, y = 0.0, 20.0 if entries else 4.0
    wide = max(wide, 260.0 if notes else 0.0)
    for sample, words in entries:
        long = 24 + width(words, 9)
        if x + long > wide:
            continue
        text = _text(24, 3.2, words, brush, "muted")
        lines.append(f'<g transform="translate({_n(x)},{_n(y)})">{sample}{text}</g>')
        x += long + 12
    for words in (words for note in notes for words in wrap(note, int(wide / 4.8))):
        y += 16
        lines.append(_text(0, y + 3.2, words, brush, "muted"))
    return (lines, wide, y + 6) if lines else ([], 0.0, 0.0)


def _entries(scene: Scene, shown: Sequence[Wire], brush: Brush) -> Iterator[tuple[str, str]]:
    """Samples, 18 points wide, and their meaning, for the kinds that this picture shows: what needs it most comes first."""
    kinds = {card.kind for card in scene.cards}
    if shown and not scene.staged:
        yield _text(9, 3.2, "×2", brush, "muted"), "local derivative"
    if any(wire.flow for wire in shown):
        name, words = "back" if scene.staged else "rise", "what flows back" + ": ∂ × local" * (not scene.staged)
        summed = len({wire.tail for wire in shown}) < len(shown)
        yield f'<path d="M4,0l6,-3.6v7.2Z" {brush(fill=name)}/>', words + ", summed at a card" * summed
    for kind in ("parameter", "input", "output", "constant"):
        if kind in kinds:
            yield _shape((0, -5.5, 18, 5.5), kind, 1.5 if kind == "parameter" else 4.0, brush), kind
    if scene.reached:
        shares = enumerate((-1, -0.25, 0, 0.25, 1))
        cells = (f"<rect {_rect((3.6 * k, -5.5, 3.6 * k + 3.6, 5.5))} {brush(fill=tint(x))}/>" for k, x in shares)
        yield "".join(cells), "∂ from negative to positive"
