"""The scopes that open in place in a picture by stages: for each the picture of the values in it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from autograd.value import Value
from viz.arguments import Theme
from viz.picture.cards import ALL_LABELS, MOST_LABELS, is_one
from viz.picture.diagram import Diagram
from viz.picture.paint import uid
from viz.picture.scene import Card, Panel, Scene, Wire
from viz.picture.selection import depths

MOST, TOGETHER = 60, 400  # values of a scope that opens, and of all of them: a page stays small


def insides(stages: Scene, values: Scene, direction: str, theme: Theme) -> dict[str, Diagram]:
    """The pictures of the scopes that open, by the panels in whose place they stand."""
    found: dict[str, Diagram] = {}
    drawn, room = {card.node for card in values.cards if isinstance(card, Card)}, TOGETHER
    for panel in (panel for panel in stages.cards if isinstance(panel, Panel)):
        own = {v: v.parents for v in panel.stage.nodes if v.op is not None}
        parents = {p: () for v in own for p in v.parents if p not in own} | own
        if own and len(parents) <= min(MOST, room) and drawn.issuperset(parents):
            room -= len(parents)
            found[panel.id] = Diagram(_scene(panel.id, values, parents), direction, theme, legend=False)
    return found


def _scene(key: str, values: Scene, parents: Mapping[Value, Sequence[Value]]) -> Scene:
    """The cards of a scope, and before them those that it takes, which do not say how they came about."""
    column = depths(list(parents), parents, dict.fromkeys(parents, 0), {v: 1 for v in parents if not parents[v]})
    found = [card for card in values.cards if isinstance(card, Card) and card.node in parents]
    inside = [wire for wire in values.wires if wire.edges and parents.get(wire.edges[0][0])]
    labelled = sum(bool(wire.derivative) for wire in inside)
    ones, every = labelled <= MOST_LABELS, labelled <= ALL_LABELS

    def seated(card: Card) -> Card:
        glyph = card.glyph * bool(card.node and parents[card.node])
        return replace(card, id=f"{key}.{card.id}", lane=0, column=column[card.node], glyph=glyph)

    def within(wire: Wire) -> Wire:
        shown = bool(wire.derivative) and (every or (ones and not is_one(*wire.edges[0])))
        wire = replace(wire, id=f"{key}.{wire.id}", tail=f"{key}.{wire.tail}", head=f"{key}.{wire.head}")
        return replace(wire, shown=shown, room=1 + every)

    return replace(values, cards=list(map(seated, found)), wires=list(map(within, inside)), lanes=[], notes=[])


def nested(svg: str, key: str, outer: str) -> str:
    """A picture as a hidden part of another one, whose id and dark colours are those of its parts too."""
    svg = re.sub(r"<title id=.*?</desc>(<style>.*?</style>)?", "", svg, count=1, flags=re.DOTALL)
    svg = svg.replace(f' id="{uid(svg)}-', f' id="{outer}-')
    return re.sub(r' role="img" aria-labelledby="[^"]*"', f' data-inside="{key}" display="none"', svg, count=1)
