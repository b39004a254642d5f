"""The graph of stages behind a picture: what each scope computes, and its leaves as vectors and matrices by their names."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograd.scope import Path
from autograd.value import Value
from viz.names import given, nameless
from viz.picture.selection import keys, sequence, visits, within


@dataclass(eq=False)
class Vector:
    """Values that belong together, as an array of one or two dimensions; their own names give them their places."""

    name: str
    values: Any

    @property
    def members(self) -> list[Value]:
        """The values, one after the other."""
        return list(self.values.ravel())

    @property
    def data(self) -> Any:
        """Their numbers, in the same shape."""
        return np.array([v.data for v in self.members]).reshape(self.values.shape)

    @property
    def shape(self) -> str:
        """Its size in words."""
        return "×".join(map(str, self.values.shape))


@dataclass(eq=False)
class Stage:
    """The values that one scope computes, or an array of leaves."""

    role: str | None  # of leaves
    scope: Path | None
    nodes: list[Value] = field(default_factory=list)
    vectors: list[Vector] = field(default_factory=list)  # its outputs: what other stages take, or the graph gives
    sources: dict[Stage, None] = field(default_factory=dict)
    own: list[Vector] = field(default_factory=list)  # parameters that are drawn inside its panel

    @property
    def values(self) -> list[Value]:
        """Its outputs, one after the other."""
        return [v for x in self.vectors for v in x.members]

    @property
    def symbol(self) -> str:
        """The names of its outputs."""
        return ", ".join(x.name for x in self.vectors)


def by_scope(order: Sequence[Value], outputs: Sequence[Value], depth: int) -> tuple[list[Stage], bool]:
    """The stages of a graph, each after those it takes values from; and whether scopes had to be taken apart."""
    parents = {v: v.parents for v in order}
    computed = [v for v in order if v.op is not None]
    key = keys(computed, parents, depth)
    names = sequence(computed, parents, key)
    if tangled := bool(computed) and not names:
        key = visits(computed, parents, key)
        names = sequence(computed, parents, key) or list(dict.fromkeys(computed))
        key = key if names[0] in set(key.values()) else {v: v for v in computed}
    found = {name: Stage(None, None) for name in names}
    home = {v: found[key[v]] for v in computed}
    for v, stage in home.items():
        stage.nodes.append(v)
        stage.scope = stage.scope or within(v.scope, depth)
    leaves = _leaves(order, home, depth)
    used, y = set(outputs), nameless(order)
    for v in computed:
        others = [p for p in v.parents if p in home and home[p] is not home[v]]
        home[v].sources.update((home[p], None) for p in others)
        used.update(others)
    for stage in found.values():
        taken = [v for v in stage.nodes if v in used]
        stage.vectors = vectors(taken, called(stage) if set(outputs).isdisjoint(taken) else y, {})
    if depth > 1:
        _nest_parameters(list(found.values()), leaves)
    return [s for s in (*leaves, *found.values()) if s.vectors], tangled


def _leaves(order: Sequence[Value], home: dict[Value, Stage], depth: int) -> list[Stage]:
    """The arrays of leaves by name, nameless constants left out; of two of one name each by the stage that takes it first."""
    first = {p: home[v] for v in reversed(order) for p in v.parents}
    leaves = [v for v in order if v.op is None]
    sizes = Counter(given(v).array for v in leaves)
    together = _whole(order, home, depth)
    stages: dict[Hashable, Stage] = {}
    for v in leaves:
        if v.role != "constant" or v.name or v not in first:
            array = given(v).array
            key = v.role, array, None if (v.role, array) in together else first.get(v)
            home[v] = stages.setdefault(key, Stage(v.role, None))
            home[v].nodes.append(v)
    for stage in stages.values():
        stage.vectors = vectors(stage.nodes, str(stage.role), sizes)
    return list(stages.values())


def _whole(order: Sequence[Value], home: Mapping[Value, Stage], depth: int) -> set[tuple[Any, str]]:
    """The names of leaves that are one array: inputs, and others of which no two have the same place.

    Parts that stages share nothing of are apart where they fill no matrix, or where each is drawn inside its stage.
    """
    takers: defaultdict[Value, set[Stage]] = defaultdict(set)
    arrays: defaultdict[tuple[Any, str], list[Value]] = defaultdict(list)
    for v in order:
        for p in v.parents:
            takers[p].add(home[v])
        if v.op is None and (name := given(v).array):
            arrays[v.role, name].append(v)

    def one(members: Sequence[Value]) -> bool:
        places = {given(v).index for v in members}
        alike = depth == 1 and len(set(map(len, places))) == 1
        full = alike and math.prod(max(x) - min(x) + 1 for x in zip(*places, strict=True)) == len(members)
        return len(places) == len(members) and (full or any(len(takers[v]) > 1 for v in members))

    return {key for key, members in arrays.items() if key[0] == "input" or one(members)}


def _nest_parameters(stages: Sequence[Stage], leaves: list[Stage]) -> None:
    """Draw parameters that only one stage uses inside its panel. As panels of their own their wires would cover the rest.

    Where outermost scopes share one, as the positions of a text do, all of them are left out.
    """
    takers = {leaf: [s for s in stages if leaf in s.sources] for leaf in leaves if leaf.role != "input"}
    scopes = ({within(s.scope, 1) for s in found} for leaf, found in takers.items() if leaf.role == "parameter")
    shared = any(len(paths) > 1 for paths in scopes)
    for leaf, found in takers.items():
        if shared or len(found) == 1:
            found[0].own += leaf.vectors * (not shared)
            for s in found:
                del s.sources[leaf]
            leaves.remove(leaf)


def called(stage: Stage) -> str:
    """The name of a stage: that of its scope."""
    return str(stage.scope).rpartition("/")[2] if stage.scope is not None else "values"


def vectors(members: Sequence[Value], fallback: str, sizes: Mapping[str, int]) -> list[Vector]:
    """Values as vectors and matrices by their names, x[0] and x[1], W[0,0] … W[2,3]; `sizes` are those of whole ones."""
    groups = defaultdict[str, list[Value]](list)
    for v in members:
        groups[given(v).array].append(v)
    return [_vector(name or fallback, values, sizes.get(name, 0)) for name, values in groups.items()]


def _vector(name: str, values: Sequence[Value], whole: int) -> Vector:
    flat = np.fromiter(values, dtype=object, count=len(values))
    places = [index for v in values if len(index := given(v).index) in (1, 2)]
    if len(values) == 1 and (whole > 1 or not places or any(places[0])):  # s[1] alone is not s
        return Vector(given(values[0]) or name, flat)
    if len(set(places)) < len(values) or len(set(map(len, places))) != 1:
        return Vector(name, flat)
    low, size = np.min(places, axis=0), np.ptp(places, axis=0) + 1
    if np.prod(size) != len(values):
        return Vector(name, flat)
    grid = flat[np.lexsort(np.transpose(places)[::-1])].reshape(size)
    if len(size) == 2 and size[0] == 1 and whole > len(values):  # a row of a matrix, such as a neuron's weights
        return Vector(f"{name}[{low[0]}]", grid[0])
    return Vector(name, grid)
