"""The SVG text of a scene: shapes and words at the places they were given.

Colours are presentation attributes, which survive where a `<style>` is dropped; the one style sheet only repeats
them for dark mode. Nothing else is used that a sanitiser or a plain SVG renderer would not know.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import escape

from viz.cards import Card, Scene, Wire
from viz.labels import SIZE, box, stand
from viz.layout import Box, Places, Point
from viz.text import width

FONT = "Helvetica, Arial, 'Liberation Sans', sans-serif"
THEMES = ("auto", "light", "dark")
MARGIN, PAD = 8.0, 10.0  # around the picture, and inside a lane

# fmt: off
PALETTE = {  # light, dark
    "paper":     ("#FFFFFF", "#0D1117"),  "lane":      ("#F6F8FA", "#12171E"),  "band":      ("#D1D9E0", "#30363D"),
    "ink":       ("#1F2328", "#E6EDF3"),  "muted":     ("#59636E", "#9198A1"),  "card":      ("#FFFFFF", "#161B22"),
    "input":     ("#0969DA", "#58A6FF"),  "parameter": ("#9A6700", "#D29922"),  "operation": ("#59636E", "#9198A1"),
    "output":    ("#1F2328", "#F0F6FC"),  "constant":  ("#818B98", "#8B949E"),  "stub":      ("#818B98", "#8B949E"),
    "neutral":   ("#818B98", "#6E7681"),  "plus":      ("#D6604D", "#F4A582"),  "minus":     ("#4393C3", "#92C5DE"),
}
# fmt: on
POSITIVE, NEGATIVE, ZERO, NOT_FINITE = (0xF4, 0xA5, 0x82), (0x92, 0xC5, 0xDE), "#F3F4F6", "#D8B9FF"
ON_TINT = "#1F2328"  # the ink on a tinted strip, which is light in both themes
BORDERS = {"input": 1.6, "parameter": 1.6, "output": 2.0}


@dataclass
class Brush:
    """Colours by name, for one theme; it remembers which were used, so that dark mode can repeat them."""

    theme: str
    used: dict[tuple[str, str], None] = field(default_factory=dict)

    def __call__(self, **names: str) -> str:
        """Attributes such as `fill="#FFFFFF"`, and in the automatic theme the classes that dark mode restyles."""
        light = " ".join(f'{part}="{PALETTE[name][self.theme == "dark"]}"' for part, name in names.items())
        self.used.update(dict.fromkeys(names.items()))
        classes = " ".join(f"{part[0]}-{name}" for part, name in names.items())
        return f'class="{classes}" {light}' if self.theme == "auto" else light

    def style(self, uid: str) -> str:
        """The dark rules, for elements inside `#uid` only."""
        if self.theme != "auto":
            return ""
        rules = "".join(f"#{uid} .{part[0]}-{name}{{{part}:{PALETTE[name][1]}}}" for part, name in sorted(self.used))
        return f"<style>@media (prefers-color-scheme: dark){{{rules}}}</style>"


def svg(scene: Scene, places: Places, direction: str, theme: str, legend: bool, title: str) -> str:
    """The picture as one SVG element; the same text for the same graph, every time."""
    brush = Brush(theme)
    bands = _bands(scene, places, direction)
    left, top, right, bottom = _extent(scene, places, bands)
    notes = [*scene.notes, *filter(None, [places.note])]
    below, right = _below(scene, notes, legend, brush, left, right, bottom)
    frame = left - MARGIN, top - MARGIN, right + MARGIN, below[1] + MARGIN
    body = [
        f'<rect x="{_n(frame[0])}" y="{_n(frame[1])}" width="{_n(frame[2] - frame[0])}" height="{_n(frame[3] - frame[1])}" {brush(fill="paper")}/>',
        *_lanes(scene, places, bands, direction, brush),
        *_wires(scene, places, bands, brush),
        *(line for card in scene.cards for line in _card(card, places.cards[card.id], brush)),
        *below[0],
    ]
    return _document(body, frame, brush, title, " ".join(notes))


def _document(body: Sequence[str], frame: Box, brush: Brush, title: str, text: str) -> str:
    uid = "g" + hashlib.sha256("\n".join([brush.theme, title, *body]).encode()).hexdigest()[:10]
    wide, high = frame[2] - frame[0], frame[3] - frame[1]
    description = f'<desc id="{uid}-desc">{escape(text)}</desc>' if text else ""
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" id="{uid}" width="{_n(wide * 4 / 3)}" height="{_n(high * 4 / 3)}" '
        f'viewBox="{_n(frame[0])} {_n(frame[1])} {_n(wide)} {_n(high)}" role="img" '
        f'aria-labelledby="{uid}-title{f" {uid}-desc" if text else ""}" font-family="{FONT}" font-size="10" '
        'text-anchor="middle">'
    )
    lines = [head, f'<title id="{uid}-title">{escape(title)}</title>{description}{brush.style(uid)}', *body, "</svg>"]
    return "\n".join(lines).replace(' id="#', f' id="{uid}-') + "\n"


def _n(x: float) -> str:
    """A coordinate: two digits after the point are finer than any screen."""
    return (
        f"{x:.2f}".rstrip("0").rstrip(".").replace("-0", "0") if abs(x) < 0.005 else f"{x:.2f}".rstrip("0").rstrip(".")
    )


# --- extents ----------------------------------------------------------------------------------------------------------


def _boxes(scene: Scene, places: Places) -> Iterator[Box]:
    for card in scene.cards:
        x, y = places.cards[card.id]
        yield x - card.width / 2, y - card.height / 2, x + card.width / 2, y + card.height / 2


def _extent(scene: Scene, places: Places, bands: Sequence[Box]) -> Box:
    points = [(x, y, x, y) for curve in places.wires.values() for x, y in curve]
    left, top, right, bottom = zip(*_boxes(scene, places), *points, *bands, strict=True)
    return min(left), min(top), max(right), max(bottom)


def _bands(scene: Scene, places: Places, direction: str) -> list[Box]:
    """Each lane's band: as long as its cards and heading need, as wide as the whole picture."""
    if not scene.lanes:
        return []
    whole = _extent(scene, places, list(places.headings.values()))
    bands = []
    for k, heading in places.headings.items():
        boxes = [b for card, b in zip(scene.cards, _boxes(scene, places), strict=True) if card.lane == k]
        left, top, right, bottom = zip(heading, *boxes, strict=True)
        if direction == "right":
            bands.append((k, (min(left) - PAD, whole[1] - PAD, max(right) + PAD, whole[3] + PAD)))
        else:
            bands.append((k, (whole[0] - PAD, min(top) - PAD, whole[2] + PAD, max(bottom) + PAD)))
    return [band for _, band in sorted(bands)]


# --- what stands where ------------------------------------------------------------------------------------------------


def _text(x: float, y: float, words: str, brush: Brush, name: str = "ink", more: str = "") -> str:
    return f'<text x="{_n(x)}" y="{_n(y)}" {brush(fill=name)}{more}>{escape(words)}</text>'


def _lanes(scene: Scene, places: Places, bands: Sequence[Box], direction: str, brush: Brush) -> Iterator[str]:
    for k, (lane, (left, top, right, bottom)) in enumerate(zip(scene.lanes, bands, strict=True)):
        yield (
            f'<rect id="#lane{k}" x="{_n(left)}" y="{_n(top)}" width="{_n(right - left)}" height="{_n(bottom - top)}" rx="6" '
            f"{brush(fill='lane', stroke='band')}/>"
        )
        heading = places.headings[k]
        x = (left + right) / 2 if direction == "right" else (heading[0] + heading[2]) / 2
        y = heading[1] + 10 if direction == "right" else (top + bottom) / 2 - (3 if lane.formula else -4)
        yield _text(x, y, lane.name, brush, "ink", ' font-size="12" font-weight="bold"')
        if lane.formula:
            yield _text(x, y + 14, lane.formula, brush, "muted", ' font-size="9"')


def _wires(scene: Scene, places: Places, bands: Sequence[Box], brush: Brush) -> Iterator[str]:
    for wire in scene.wires:
        yield from _wire(wire, places.wires[wire.id], brush)
    centres = stand(scene, places)
    for wire in scene.wires:
        if wire.shown:
            x, y = centres[wire.id]
            wide, high = box(wire.label)
            inside = any(left < x < right and top < y < bottom for left, top, right, bottom in bands)
            yield (
                f'<rect x="{_n(x - wide / 2)}" y="{_n(y - high / 2)}" width="{_n(wide)}" height="{_n(high)}" rx="2" '
                f"{brush(fill='lane' if inside else 'paper')}/>"
                + _text(x, y + 2.9, wire.label, brush, "muted", f' font-size="{_n(SIZE)}"')
            )


def _wire(wire: Wire, curve: Sequence[Point], brush: Brush) -> Iterator[str]:
    share = wire.share or 0.0
    colour = "neutral" if not share or share != share else "plus" if share > 0 else "minus"
    thick = 0.9 + (1.4 * abs(share) if share == share else 0.0)
    (start, *controls), tip = curve[:-1], curve[-1]
    path = f"M{_point(start)}C{' '.join(map(_point, controls))}"
    dashed = ' stroke-dasharray="3 2"' if not wire.label else ""
    title = f"<title>{escape(wire.title)}</title>" if wire.title else ""
    yield (
        f'<g id="#{wire.id}">{title}<path d="{path}" fill="none" stroke-width="{_n(thick)}"{dashed} {brush(stroke=colour)}/>'
        f'<path d="{_arrow(controls[-1], tip, 2.2 + thick / 2)}" {brush(fill=colour)}/></g>'
    )


def _point(p: Point) -> str:
    return f"{_n(p[0])},{_n(p[1])}"


def _arrow(base: Point, tip: Point, half: float) -> str:
    dx, dy = tip[0] - base[0], tip[1] - base[1]
    scale = half / (math.hypot(dx, dy) or 1.0)
    wings = [(base[0] + s * dy * scale, base[1] - s * dx * scale) for s in (1, -1)]
    return f"M{_point(tip)}L{_point(wings[0])} {_point(wings[1])}Z"


def _card(card: Card, centre: Point, brush: Brush) -> Iterator[str]:
    x, y = centre[0] - card.width / 2, centre[1] - card.height / 2
    round_ = 9.0 if card.small else 1.5 if card.kind == "parameter" else 6.0
    shape = f'x="{_n(x)}" y="{_n(y)}" width="{_n(card.width)}" height="{_n(card.height)}" rx="{_n(round_)}"'
    yield f'<g id="#{card.id}"><title>{escape(card.title)}</title>'
    if card.small:
        yield f'<rect {shape} stroke-dasharray="3 2" {brush(fill="card", stroke=card.kind)}/>'
        yield _text(centre[0], centre[1] + 3.2, card.value, brush, "muted", ' font-size="9"')
    else:
        yield f"<rect {shape} {brush(fill='card')}/>"
        if card.shade is not None:
            yield f'<path d="{_strip(x, y + 26.7, card.width, 13.3, round_)}" fill="{tint(card.shade)}"/>'
        yield f'<rect {shape} fill="none" stroke-width="{_n(BORDERS.get(card.kind, 1.0))}" {brush(stroke=card.kind)}/>'
        yield _first_line(card, centre[0], y + 11, brush)
        yield _text(centre[0], y + 22.8, card.value, brush, "ink", ' font-weight="bold"')
        fill = brush(fill="ink") if card.shade is None else f'fill="{ON_TINT}"'
        yield f'<text x="{_n(centre[0])}" y="{_n(y + 36.6)}" {fill}>{escape(card.gradient)}</text>'
    yield "</g>"


def _first_line(card: Card, x: float, y: float, brush: Brush) -> str:
    made = f'<tspan font-weight="bold" {brush(fill="ink")}>{escape(card.glyph)}</tspan>' if card.glyph else ""
    gap = " " if made and card.name else ""
    return f'<text x="{_n(x)}" y="{_n(y)}" {brush(fill="muted")}>{made}{gap}{escape(card.name)}</text>'


def _strip(x: float, y: float, wide: float, high: float, r: float) -> str:
    """The lower part of a card, its lower corners rounded."""
    return (
        f"M{_n(x)},{_n(y)}h{_n(wide)}v{_n(high - r)}a{_n(r)},{_n(r)} 0 0 1 {_n(-r)},{_n(r)}h{_n(2 * r - wide)}"
        f"a{_n(r)},{_n(r)} 0 0 1 {_n(-r)},{_n(-r)}Z"
    )


def tint(share: float) -> str:
    """The colour of a gradient of this sign and size: white to red for positive, white to blue for negative."""
    if math.isnan(share):
        return NOT_FINITE
    if not share:
        return ZERO
    strength = max(0.15, math.sqrt(abs(share)))
    end = POSITIVE if share > 0 else NEGATIVE
    return "#" + "".join(f"{round(255 + strength * (c - 255)):02X}" for c in end)


# --- legend and notes -------------------------------------------------------------------------------------------------


def _below(
    scene: Scene, notes: Sequence[str], legend: bool, brush: Brush, left: float, right: float, bottom: float
) -> tuple[tuple[list[str], float], float]:
    """The legend and the notes, wrapped to the picture; with the new bottom and the new right end."""
    lines: list[str] = []
    right = max(right, left + 260) if legend or notes else right
    y = bottom
    if legend:
        x, y = left, y + 20
        for sample, words in _entries(scene, brush):
            wide = 30 + width(words, 9)
            if x > left and x + wide > right:
                x, y = left, y + 16
            lines.append(
                f'<g transform="translate({_n(x)},{_n(y)})">{sample}'
                + _text(24, 3.2, words, brush, "muted", ' font-size="9" text-anchor="start"')
                + "</g>"
            )
            right = max(right, x + wide - 6)
            x += wide + 6
    for line in (line for note in notes for line in _wrapped(note, right - left)):
        y += 14 if lines else 20
        lines.append(_text(left, y + 3.2, line, brush, "muted", ' font-size="9" text-anchor="start"'))
    return (lines, y + 6 if lines else bottom), right


def _wrapped(note: str, most: float) -> list[str]:
    lines = [""]
    for word in note.split():
        longer = f"{lines[-1]} {word}".strip()
        if width(longer, 9) > most and lines[-1]:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def _entries(scene: Scene, brush: Brush) -> Iterator[tuple[str, str]]:
    kinds = {card.kind for card in scene.cards}
    words = {
        "input": "input",
        "parameter": "parameter",
        "constant": "constant",
        "operation": "operation: name, value, gradient ∂",
        "output": "output",
    }
    for kind, meaning in words.items():
        if kind in kinds:
            dash = ' stroke-dasharray="3 2"' if kind == "constant" else ""
            corner = 1.5 if kind == "parameter" else 4
            yield (
                f'<rect x="0" y="-5.5" width="18" height="11" rx="{corner}"{dash} '
                f'stroke-width="{_n(BORDERS.get(kind, 1.0))}" {brush(fill="card", stroke=kind)}/>', meaning
            )  # fmt: skip
    if any(card.shade is not None for card in scene.cards):
        ramp = "".join(
            f'<rect x="{_n(3.6 * k)}" y="-5.5" width="3.6" height="11" fill="{tint(t)}"/>'
            for k, t in enumerate((-1, -0.25, 0, 0.25, 1))
        )
        yield ramp, "∂ from negative to positive"
        yield (
            f'<path d="M0,0h18" stroke-width="2" {brush(stroke="plus")}/>',
            "number on an edge: local derivative; its colour and width: what it adds to ∂",
        )
    elif scene.wires:
        yield (
            f'<path d="M0,0h18" {brush(stroke="neutral")}/>',
            "number on an edge: local derivative; ∂ – until backward()",
        )
