"""The picture of a graph as an animation without a script: each number appears at its step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from viz.picture.paint import CELLS, FLOW, GRADIENT, VALUE, uid

SECONDS, REST = 0.7, 4.0  # for a step, and for the finished picture


def animated(svg: str, facts: Mapping[str, Any]) -> str:
    """The SVG with a style sheet that plays it; without style sheets it is the finished picture."""
    key = uid(svg)
    whole = (2 * len(facts["groups"]) + 1) * SECONDS + REST
    shown = list(_moments(facts))
    frames = "".join(
        f"@keyframes {key}-{k}{{0%,{100 * k * SECONDS / whole:.2f}%{{opacity:0}}{100 * (k * SECONDS + 0.2) / whole:.2f}%,100%{{opacity:1}}}}"
        for k in sorted({k for k, *_ in shown})
    )
    selected = ((k, ",".join(f"#{key}-{part} {shape}" for shape in shapes)) for k, part, shapes in shown)
    rules = "".join(f"{what}{{animation:{key}-{k} {whole:.1f}s infinite}}" for k, what in selected)
    motion = f"<style>@media (prefers-reduced-motion:no-preference){{{frames}{rules}}}</style>"
    return svg.replace("</title>", f"</title>{motion}", 1)


def _moments(facts: Mapping[str, Any]) -> Iterator[tuple[int, str, Sequence[str]]]:
    """The step at which each part of the picture appears: the number of a value, or its gradient."""
    groups = facts["groups"]
    forth = {k: step for step, group in enumerate(groups, 1) for k in group["nodes"]}
    back = {facts["output"]: len(groups) + 1}
    for step, group in enumerate(reversed(groups), len(groups) + 2):
        operands = (p for k in group["nodes"] + group["aside"] for p in facts["nodes"][k][2])
        back.update((p, step) for p in operands)  # the last of them completes the sum
    passed = {k: step for step, group in enumerate(reversed(groups), len(groups) + 2) for k in group["nodes"]}
    for wire in facts["wires"]:
        yield max(passed[k] for k, _ in wire["edges"]), f"{wire['id']}-label", FLOW
    for card in facts["cards"]:
        key = card["id"]
        if facts["level"] == "values":
            parts = [(key, VALUE, forth, [card["k"]]), (key, GRADIENT, back, [card["k"]])]
        else:
            grids = enumerate(card["grids"])
            parts = [(f"{key}-{g}", CELLS, back if grid["slope"] else forth, grid["cells"]) for g, grid in grids]
        for part, shapes, when, cells in parts:
            if step := max(when.get(k, 0) for k in cells):
                yield step, part, shapes
