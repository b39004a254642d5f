"""The selection of the values or stages that a picture shows, with the lane and the column of each."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from autograd.scope import Path, enclosing
from viz.numbers import printable

Parents = Mapping[Any, Sequence[Any]]
Keys = Mapping[Any, Hashable]
INPUTS = ("inputs",)  # the lane of inputs made outside any scope; a tuple, because the names of scopes are text


@dataclass(frozen=True)
class Plan:
    """The lanes in the order of the computation, and the lane and the column of every item.

    Columns count on from lane to lane. Without scopes, or where the scopes have no order (`tangled`), there
    are no lanes: `lanes` is empty, and the columns are depths in the graph.
    """

    lanes: list[Hashable] = field(default_factory=list)
    lane: dict[Any, int] = field(default_factory=dict)
    column: dict[Any, int] = field(default_factory=dict)
    tangled: bool = False

    def seat(self, item: Any) -> tuple[int, int]:
        """The lane and the column of an item."""
        return self.lane[item], self.column[item]

    def titles(self, inputs: str) -> list[str]:
        """The title of each lane: the name of its scope, that of the inputs, or none."""
        return [printable(k) if isinstance(k, str) else inputs * (k == INPUTS) for k in self.lanes]


def nearest(ends: Sequence[Any], parents: Callable[[Any], Iterable[Any]], most: int, whole: bool = False) -> set[Any]:
    """The items nearest to the ends, breadth first.

    With `whole` all parents of an item, or none of them, unless that would leave half of the room empty.
    """
    reached = list(ends[:most])
    seen = set(reached)
    for item in reached:  # the list grows while it is read
        fresh = [p for p in dict.fromkeys(parents(item)) if p not in seen]
        room = most - len(reached)
        if whole and len(fresh) > room and room < most / 2:
            break
        reached += fresh[:room]
        seen.update(fresh)
    return set(reached)


def plan(order: Sequence[Any], parents: Parents) -> Plan:
    """Lanes and columns of the items in `order`, parents before children; an item without parents is a leaf."""
    computed = [v for v in order if parents[v]]
    key = keys(computed, parents, 1)
    named = any(isinstance(k, str) for k in key.values())
    lanes = sequence(computed, parents, key) if named else []
    if lanes:
        lane = {v: lanes.index(key[v]) + 1 for v in computed}
        _seat_leaves(order, parents, lane)
    else:
        lane = dict.fromkeys(order, 0)
    column = _numbered(depths(order, parents, lane, {v: 1 for v in order if not parents[v]}), lane)
    if lanes and 0 in lane.values():
        return Plan([INPUTS, *lanes], lane, column)
    return Plan(lanes, {v: k - 1 for v, k in lane.items()} if lanes else lane, column, named and not lanes)


def within(path: Path | None, depth: int) -> Path | None:
    """The path of the outermost `depth` scopes."""
    paths = [*enclosing(path)]
    return paths[-min(depth, len(paths))] if paths else None


def keys(computed: Sequence[Any], parents: Parents, depth: int) -> dict[Any, Hashable]:
    """The scope of each computed item, nested `depth` deep; of those outside of any a nameless one after their last."""
    found: dict[Any, Hashable] = {}
    seen: dict[str, int] = {}
    last: dict[Any, int] = {}
    for v in computed:
        latest = max((last.get(p, -1) for p in parents[v]), default=-1)
        name = within(v.scope, depth)
        found[v] = (latest,) if name is None else str(name)
        last[v] = latest if name is None else max(latest, seen.setdefault(str(name), len(seen)))
    return found


def sequence(computed: Sequence[Any], parents: Parents, key: Keys) -> list[Hashable]:
    """The scopes, each after those it takes values from; [] if two of them take values from each other."""
    needs: dict[Hashable, set[Hashable]] = {}
    for v in computed:
        needs.setdefault(key[v], set()).update(key[p] for p in parents[v] if key.get(p, key[v]) != key[v])
    lanes: dict[Hashable, None] = {}
    while len(lanes) < len(needs):
        free = next((k for k, before in needs.items() if k not in lanes and before <= lanes.keys()), None)
        if free is None:
            return []
        lanes[free] = None
    return list(lanes)


def visits(computed: Sequence[Any], parents: Parents, key: Keys) -> dict[Any, Hashable]:
    """Each item's scope, and how often values have come back to it: where scopes take values from each other."""
    visit: dict[Any, int] = {}
    seen: dict[Any, dict[Hashable, int]] = {}  # of every item the latest visit of each scope behind it
    for v in computed:
        seen[v] = {}
        for p in (p for p in parents[v] if p in visit):
            for scope, latest in seen[p].items():
                seen[v][scope] = max(latest, seen[v].get(scope, 0))
        back = [seen[p].get(key[v], -1) + (key[p] != key[v]) for p in parents[v] if p in visit]
        seen[v][key[v]] = visit[v] = max(back, default=0)
    takers: dict[Any, list[Any]] = {}
    for v in reversed(computed):
        for p in parents[v]:
            takers.setdefault(p, []).append(v)
        if v in takers and all(key[u] == key[v] for u in takers[v]):  # what only a later visit takes belongs to it
            visit[v] = min(visit[u] for u in takers[v])
    return {v: (key[v], visit[v]) for v in computed}


def _seat_leaves(order: Sequence[Any], parents: Parents, lane: dict[Any, int]) -> None:
    """Put each leaf into the first lane that takes it; an input made outside any scope into lane 0."""
    for v in order:
        for p in parents[v]:
            if not parents[p]:
                first = 0 if p.role == "input" and p.scope is None else lane[v]
                lane[p] = min(first, lane.get(p, first))
    for v in order:
        lane.setdefault(v, 0 if v.role == "input" else 1)  # an output that is a leaf


def depths(order: Sequence[Any], parents: Parents, lane: Mapping[Any, int], ahead: Mapping[Any, int]) -> dict[Any, int]:
    """The depth of each item inside its lane, a leaf as far ahead of the first item that takes it as `ahead` says."""
    depth: dict[Any, int] = {}
    for v in order:
        if v not in ahead:
            depth[v] = 1 + max((depth[p] for p in parents[v] if p not in ahead and lane[p] == lane[v]), default=0)
    for v in reversed(order):
        for p in parents[v]:
            if p in ahead:
                before = depth[v] - ahead[p] if lane[p] == lane[v] else 0
                depth[p] = min(before, depth.get(p, before))
    return {v: depth.get(v, 0) for v in order}


def _numbered(depth: Mapping[Any, int], lane: Mapping[Any, int]) -> dict[Any, int]:
    """The columns of all lanes, one after the other, without empty ones."""
    places = {v: (lane[v], d) for v, d in depth.items()}
    numbers = {place: k for k, place in enumerate(sorted(set(places.values())))}
    return {v: numbers[place] for v, place in places.items()}
