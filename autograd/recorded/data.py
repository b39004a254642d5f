"""The rows of data that a program takes: their number, shape and precision, and what its losses demand of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from autograd.recording import Demand
from autograd.value import Value

Floats = npt.NDArray[np.floating[Any]]


class Rows:
    """The arguments of a recorded function by name, with the shape of an example of each."""

    def __init__(
        self, arguments: Mapping[str, tuple[int, ...]], inputs: Sequence[Sequence[Value]], demands: Sequence[Demand]
    ) -> None:
        self.arguments = arguments
        places = {v: (k, j) for k, leaves in enumerate(inputs) for j, v in enumerate(leaves)}
        self._demands = []
        for demand in demands:
            traced = [v for v in demand.targets if isinstance(v, Value) and v.role != "constant"]
            if all(v in places for v in traced):  # what is computed from the data is not known beforehand
                self._demands.append((demand, _together([places.get(v, v) for v in demand.targets])))

    def check(self, arrays: Sequence[Any]) -> None:
        """Refuse targets that a recorded loss does not take: ValueError with the row."""
        for demand, places in self._demands:
            targets = _targets(arrays, places)
            holds = demand.holds(targets)
            if np.count_nonzero(holds) < holds.size:  # faster than holds.all()
                row = int(np.argmin(holds.reshape(-1, targets.shape[1]).all(axis=0)))
                got = targets[:, row].tolist()
                raise ValueError(f"row {row}: {demand.message}; got {got[0] if len(got) == 1 else got}")

    def arrays(self, data: Sequence[Any], theta: Any = None) -> Sequence[npt.NDArray[Any]]:
        """The data as arrays of numbers: whole ones, or floats of one precision, that of theta if its type is given."""
        if theta is not None and self._fit(data, theta):
            return data  # as in training, step after step
        arrays = [_array(name, x) for name, x in zip(self.arguments, data, strict=False)]
        self.sizes([*arrays, *data[len(arrays) :]])
        if len({x.dtype.newbyteorder("=") for x in arrays if x.dtype.kind == "f"} | ({theta} if theta else set())) > 1:
            given = [f"{name} is {x.dtype}" for name, x in zip(self.arguments, arrays, strict=True)]
            given += [f"theta is {theta}"] if theta else []
            raise TypeError(f"{', '.join(given)}: give all one precision, with astype")
        return arrays

    def precision(self, arrays: Sequence[npt.NDArray[Any]]) -> np.dtype[Any]:
        """What is computed in: the data's floats, or 64 bits."""
        return next((x.dtype.newbyteorder("=") for x in arrays if x.dtype.kind == "f"), np.dtype(float))

    def _fit(self, data: Sequence[Any], dtype: Any) -> bool:
        return len(data) == len(self.arguments) and all(
            x.__class__ is np.ndarray and x.dtype == dtype and x.shape == data[0].shape[:1] + shape and len(x)
            for x, shape in zip(data, self.arguments.values(), strict=True)
        )

    def sizes(self, arrays: Sequence[Any]) -> None:
        """Refuse another number of arrays, other shapes, none or different numbers of rows."""
        if len(arrays) != len(self.arguments):
            wanted = f"takes {', '.join(self.arguments)}" if self.arguments else "has no rows and takes no data"
            raise TypeError(f"this program {wanted}; got {len(arrays)} array{'s' * (len(arrays) != 1)}")
        for (name, shape), x in zip(self.arguments.items(), arrays, strict=True):
            if x.shape[1:] != shape or not x.ndim:
                wanted = f"(N, {', '.join(map(str, shape))})" if shape else "(N,)"
                advice = f": one example is {name}[None]" if x.shape == shape else ""
                if x.ndim == 1 and len(shape) == 1 and x.shape != shape:
                    advice = f": class indices become such rows by nn.one_hot({name}, {shape[0]})"
                raise ValueError(f"{name} has shape {wanted}, a row per example; got {x.shape}{advice}")
        counts = {name: x.shape[0] for name, x in zip(self.arguments, arrays, strict=True)}
        if len(set(counts.values())) > 1:
            given = " and ".join(f"{n} of {name}" for name, n in counts.items())
            raise ValueError(f"every argument has a row per example; got {given}")
        if 0 in counts.values():
            raise ValueError("there are no rows: a mean over none is not defined")


def _array(name: str, x: Any) -> npt.NDArray[Any]:
    try:
        data = np.asarray(x)
    except ValueError:
        raise ValueError(f"{name} has rows of different lengths: every row is an example") from None
    if data.dtype.char not in "fd" and data.dtype.kind not in "iub":
        traced = any(hasattr(v, "parents") for v in data.flat) if data.dtype == object else False
        advice = ": within another graph call the recorded function itself" if traced else ""
        raise TypeError(f"{name} is rows of numbers, of 32 or 64 bits; got an array of {data.dtype}{advice}")
    return data


def _together(places: list[Any]) -> Any:
    """(argument, columns) as a slice where the targets are successive columns of one argument, else their places."""
    first = places[0]
    successive = isinstance(first, tuple) and places == [(first[0], first[1] + k) for k in range(len(places))]
    return (first[0], slice(first[1], first[1] + len(places))) if successive else places


def _targets(arrays: Sequence[Any], places: Any) -> npt.NDArray[Any]:
    """The numbers (K, N) of K targets in N rows."""
    n = len(arrays[0])
    if isinstance(places, tuple):
        return arrays[places[0]].reshape(n, -1).T[places[1]]  # type: ignore[no-any-return]
    columns = [arrays[p[0]].reshape(n, -1)[:, p[1]] if isinstance(p, tuple) else np.full(n, float(p)) for p in places]
    return np.array(columns)
