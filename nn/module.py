"""Module: a part of a network, whose parameters are found through its attributes."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator, Mapping
from os import PathLike
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from autograd import Chain, Value, assign, values, zero_grad
from autograd.files import written


class Module:
    """A part of a network. Values of role parameter, arrays of them and modules among its attributes are its own.

    Write a model as a subclass: its parts are attributes, or lists, tuples, dictionaries and Chains of them.

    >>> class Line(Module):
    ...     def __init__(self):
    ...         self.slope, self.height = Value(1.0), Value(0.5)
    ...     def __call__(self, x):
    ...         return self.slope * x + self.height
    >>> Line().state()
    {'slope': array(1.), 'height': array(0.5)}
    """

    def named_parameters(self) -> Iterator[tuple[str, Value]]:
        """(name, Value) of every parameter, in the order of the attributes: `layers.0.w[1,2]`; each Value once."""
        for name, part in _parts(self, "", set()):
            yield from ((_element(name, at), part[at] if at else part) for at in np.ndindex(np.shape(part)))

    def parameters(self) -> list[Value]:
        """Every parameter, each once."""
        return [v for _, v in self.named_parameters()]

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to None."""
        zero_grad(self.parameters())

    def state(self) -> dict[str, npt.NDArray[np.float64]]:
        """The data of the parameters, a float array for each array of them by its name: `layers.0.w` (n_out, n_in)."""
        return {name: values(part) for name, part in self._named_parts().items()}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Write data such as `state()` gives into the parameters.

        ValueError for names that are missing or unknown and for other shapes; then nothing has changed.
        """
        parts = self._named_parts()
        if not isinstance(state, Mapping):
            raise TypeError(f"a state is a dictionary of arrays, as state() gives it; got {type(state).__name__}")
        differ = {"missing": parts.keys() - state.keys(), "unknown": state.keys() - parts.keys()}
        if given := [f"{what}: {', '.join(sorted(map(str, names)))}" for what, names in differ.items() if names]:
            raise ValueError(f"{self._title()} takes the state of a network like itself; {'; '.join(given)}")
        new = {name: values(state[name]) for name in parts}
        for name, part in parts.items():
            if new[name].shape != np.shape(part):
                raise ValueError(f"{name} has shape {np.shape(part)}; got {new[name].shape}")
            if np.isnan(new[name]).any():
                raise ValueError(f"{name} holds nan: such a state is not loaded")
        assign(list(parts.values()), list(new.values()))

    def save(self, path: str | PathLike[str]) -> Path:
        """Write the state into an .npz file, one array a name, and return its path.

        It is written to a temporary file and renamed: an interruption leaves the old file. ValueError for another suffix.
        """
        path = Path(path)
        if path.suffix != ".npz":
            raise ValueError(f"parameters are saved as .npz; got {path.name!r}")
        return written(path, self._write)

    def load(self, path: str | PathLike[str]) -> Self:
        """Read a state that `save` wrote, and return the module; it raises as `load_state` does, and then changes nothing."""
        try:
            with zipfile.ZipFile(path), np.load(path, allow_pickle=False) as saved:
                state = dict(saved)
        except (zipfile.BadZipFile, ValueError, EOFError) as error:
            raise ValueError(f"{Path(path).name} is no .npz file of arrays, or a damaged one ({error})") from None
        self.load_state(state)
        return self

    def _named_parts(self) -> dict[str, Any]:
        parts = dict[str, Any]()
        for name, part in _parts(self, "", set()):
            if name in parts:
                raise ValueError(f"two parts of {type(self).__name__} are called {name}: give one another name")
            parts[name] = part
        return parts

    def _write(self, file: Any) -> None:
        with zipfile.ZipFile(file, "w") as archive:  # np.savez takes no array called file
            for name, x in self.state().items():
                with archive.open(f"{name}.npy", "w") as part:
                    np.lib.format.write_array(part, x, allow_pickle=False)

    def _title(self, structure: str = "") -> str:
        count = len(self.parameters())
        return f"{type(self).__name__}({structure}{count} parameter{'s' * (count != 1)})"

    def __repr__(self) -> str:
        shapes = ((name, np.shape(part)) for name, part in _parts(self, "", set()))
        return "\n  ".join([self._title(), *(f"{name} {shape or ''}".rstrip() for name, shape in shapes)])


def _parts(x: Any, name: str, seen: set[int]) -> Iterator[tuple[str, Any]]:
    """Every array of parameters by its name, and every parameter that stands alone; each once."""
    if id(x) in seen:
        return
    seen.add(id(x))
    inside: Iterable[tuple[str, Any]] = ()
    if isinstance(x, Value):
        if x.role == "parameter":
            yield name, x
    elif isinstance(x, np.ndarray) and x.dtype == object:
        fresh = {id(v) for v in x.flat if isinstance(v, Value) and v.role == "parameter"} - seen
        if x.ndim and len(fresh) == x.size > 0:
            seen |= fresh
            yield name, x
        else:
            inside = ((_element(name, at), x[at]) for at in np.ndindex(x.shape))
    elif isinstance(x, Module | Chain | dict | list | tuple):
        x = x.functions if isinstance(x, Chain) else x
        named = vars(x) if isinstance(x, Module) else x if isinstance(x, dict) else dict(enumerate(x))
        inside = ((f"{name}.{key}".removeprefix("."), part) for key, part in named.items())
    for called, part in inside:
        yield from _parts(part, called, seen)


def _element(name: str, at: tuple[int, ...]) -> str:
    return f"{name}[{','.join(map(str, at))}]" if at else name
