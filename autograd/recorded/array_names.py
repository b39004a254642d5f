"""Names for the arrays of a program, and the formula of each, which becomes its comment."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from itertools import accumulate, takewhile
from typing import NamedTuple

from autograd.languages.code import WIDTH, identifier
from autograd.ops import BUILT_IN
from autograd.recorded.columns import FIXED
from autograd.recorded.groups import Group, Operand, Plan


class Title(NamedTuple):
    """A group's name, "" for none, and its scope."""

    name: str
    scope: str


def titles(plan: Plan) -> list[Title]:
    """A group takes the name its Values share; the last group of a scope takes the scope's name. Leaves have none."""
    nodes = plan.columns.nodes
    inside = _scopes_inside({str(v.scope) for v in nodes if v.scope})
    found = [Title("", "")] * (plan.theta + 1)
    last: dict[str, int] = {}
    for k, group in enumerate(plan.groups[plan.theta + 1 :], plan.theta + 1):
        held = group.grid[group.grid >= 0]
        scope = _scope({str(nodes[k].scope or "") for k in held}, inside)
        found.append(Title(plan.columns.shared_name(held) if held.size == group.grid.size else "", scope))
        last[scope] = k
    for scope, k in last.items():
        found[k] = Title(found[k].name or scope.rpartition("/")[2], scope)
    return found


def _scopes_inside(scopes: Iterable[str]) -> Counter[str]:
    """The number of scopes that lie directly in each scope."""
    paths = {path for scope in scopes for path in accumulate(scope.split("/"), "{}/{}".format)}
    return Counter(path.rpartition("/")[0] for path in paths)


def _scope(scopes: set[str], inside: Counter[str]) -> str:
    """The scope that all of these lie in; a layer of one neuron is the layer."""
    levels = zip(*(scope.split("/") for scope in scopes), strict=False)
    scope = "/".join(level[0] for level in takewhile(lambda level: len({*level}) == 1, levels))
    while "/" in scope and inside[outer := scope.rpartition("/")[0]] == 1:
        scope = outer
    return scope


def formulas(plan: Plan, names: list[str]) -> list[str]:
    """The operation of each group as text; operands that have no name of their own are written out."""
    found = list(names[: plan.theta + 1])
    for group in plan.groups[plan.theta + 1 :]:
        found.append(_formula(group, [_mentioned(plan, x, names, found) for x in group.operands]))
    return found


def _formula(group: Group, parts: list[str]) -> str:
    op = group.op
    if op.infix and op.name in BUILT_IN:
        bare = [part if re.fullmatch(r"[\w.·]+", part) else f"({part})" for part in parts]
        text: str = op.written.format(*bare)
    else:
        text = "·".join(parts) if group.product else f"{op.name}({', '.join(parts)})"
    return text if len(text) < WIDTH else f"{op.name}(…)"


def _mentioned(plan: Plan, x: Operand, names: list[str], formulas: list[str]) -> str:
    group, *others = dict.fromkeys(plan.group_of[x.grid].flat)
    if not others and group not in (FIXED, plan.theta):
        return names[group] or formulas[group]
    if name := plan.columns.shared_name(x.grid):
        return identifier(name)
    number, *more = {plan.columns.numbers[k] for k in x.grid.flat}
    return "…" if others or more or group != FIXED else f"{number:g}"
