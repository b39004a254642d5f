"""Rows of data for a program: their shapes, their precision, and the conditions that its losses set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt

from autograd.guards import Below, Demand
from autograd.nesting import all_unmasked
from autograd.value import Value

Floats = npt.NDArray[np.floating[Any]]
Shape = tuple[int, ...]


def rows_of_numbers(
    x: Any, name: str, wanted: str, advice: Mapping[str, str] = {}, floats: str = "efdg"
) -> npt.NDArray[Any]:
    """The array of x; TypeError or ValueError say that `name` is `wanted`, and what x is instead.

    Its entries are whole numbers, truth values, or floats of the type codes `floats`. `advice` is a remedy for a wrong
    kind of entry, by NumPy's letter for it: O for objects, U for text.
    """
    try:
        data = np.asarray(all_unmasked(x))
    except ValueError:
        raise ValueError(f"{name} is {wanted}; got rows of different lengths") from None
    got = f"an array of {data.dtype}"
    if data.dtype == object and data.size:  # as columns of several types come from a data frame
        entries = data.ravel().tolist()
        strange = next((k for k, entry in enumerate(entries) if not isinstance(entry, Real)), None)
        if strange is None:
            found = np.array(entries)  # of Fractions, and of integers beyond 64 bits, still objects
            return (found.astype(float) if found.dtype == object else found).reshape(data.shape)
        place = ", ".join(map(str, np.unravel_index(strange, data.shape)))
        got = type(entries[strange]).__name__ + (f" {entries[strange]!r} at [{place}]" if data.ndim else "")
    if data.dtype.kind not in "iub" and data.dtype.char not in floats:
        raise TypeError(f"{name} is {wanted}; got {got}{advice.get(data.dtype.kind, '')}")
    return data


class Data:
    """The arguments of a recorded function by name, with the shape of an example of each; and the checks of their data."""

    def __init__(
        self, arguments: Mapping[str, Shape], inputs: Sequence[Sequence[Value]], demands: Sequence[Demand]
    ) -> None:
        self.arguments, self.demands = arguments, demands
        places = {v: (k, j) for k, leaves in enumerate(inputs) for j, v in enumerate(leaves)}
        self._demands = []
        for demand in _joined(demands, places):
            recorded = [v for v in demand.targets if isinstance(v, Value) and v.role != "constant"]
            if all(v in places for v in recorded):  # what is computed from the data is not known beforehand
                found = [places.get(v, v) for v in demand.targets]
                self._demands.append((demand, _together(found)))

    def checked(self, data: Sequence[Any], dtype: Any = None) -> Sequence[npt.NDArray[Any]]:
        """The data as arrays of whole numbers, or of floats of one precision, that of theta if its `dtype` is given.

        TypeError or ValueError for other data, and, with the number of the row, for targets that a loss does not take.
        """
        if not self._fits(data, dtype):
            data = self._converted(data, dtype)
        for demand, places in self._demands:
            targets = _targets(data, places)
            holds = demand.holds(targets)
            if np.count_nonzero(holds) < holds.size:  # faster than holds.all()
                row = int(np.argmin(holds.reshape(-1, targets.shape[1]).all(axis=0)))
                wrong = ~holds[:, row] if isinstance(demand.holds, Below) else slice(None)
                got = targets[wrong, row].tolist()
                raise ValueError(f"row {row}: {demand.message}; got {got[0] if len(got) == 1 else got}")
        return data

    def _fits(self, data: Sequence[Any], dtype: Any) -> bool:
        """Whether the data are float arrays of the right shapes already, as in training, step after step."""
        return len(data) == len(self.arguments) and all(
            x.__class__ is np.ndarray
            and x.dtype.char in "fd"
            and x.dtype == (dtype or data[0].dtype)
            and x.shape == data[0].shape[:1] + shape
            and len(x)
            for x, shape in zip(data, self.arguments.values(), strict=True)
        )

    def _converted(self, data: Sequence[Any], dtype: Any) -> Sequence[npt.NDArray[Any]]:
        advice = {"O": ": give floats; within another graph call the recorded function itself"}
        wanted = "rows of numbers, whole or of 32 or 64 bits"
        arrays = [rows_of_numbers(x, name, wanted, advice, "fd") for name, x in zip(self.arguments, data, strict=False)]
        self.check_shapes([*arrays, *data[len(arrays) :]])
        precisions = {x.dtype.newbyteorder("=") for x in arrays if x.dtype.kind == "f"} | ({dtype} if dtype else set())
        if len(precisions) > 1:
            given = [f"{name} is {x.dtype}" for name, x in zip(self.arguments, arrays, strict=True)]
            given += [f"theta is {dtype}"] if dtype else []
            raise TypeError(f"{', '.join(given)}: give all one precision, with astype")
        return arrays

    def check_shapes(self, arrays: Sequence[Any]) -> None:
        """Refuse another number of arrays, other shapes, and no examples or different numbers of them."""
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
            raise ValueError("there are no rows of data: give at least one")


def _joined(demands: Sequence[Demand], places: Mapping[Any, Any]) -> list[Demand]:
    """The demands, where the indices that have the same numbers to choose from are looked at together."""
    indices: dict[Any, set[Any]] = {}
    for demand in (demand for demand in demands if isinstance(demand.holds, Below)):
        indices.setdefault(demand[1:], set()).update(v for v in demand.targets if v in places)
    together = [Demand(sorted(found, key=places.__getitem__), *key) for key, found in indices.items() if found]
    return [*(demand for demand in demands if not isinstance(demand.holds, Below)), *together]


def _together(places: list[Any]) -> Any:
    """(argument, columns) as a slice where the targets are successive columns of one argument, else their places."""
    first = places[0]
    successive = isinstance(first, tuple) and places == [(first[0], first[1] + k) for k in range(len(places))]
    return (first[0], slice(first[1], first[1] + len(places))) if successive else places


def _targets(arrays: Sequence[Any], places: Any) -> npt.NDArray[Any]:
    """The numbers (K, N) of K targets in N examples."""
    n = len(arrays[0])
    if isinstance(places, tuple):
        return arrays[places[0]].reshape(n, -1).T[places[1]]  # type: ignore[no-any-return]
    columns = [arrays[p[0]].reshape(n, -1)[:, p[1]] if isinstance(p, tuple) else np.full(n, float(p)) for p in places]
    return np.array(columns)
