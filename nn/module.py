"""Module: a part of a network, whose parameters are found through its attributes."""

from __future__ import annotations

import json
import math
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from io import BytesIO
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

    def __call__(self, *_: Any, **__: Any) -> Any:
        """The output for one example, which a model of one's own defines."""
        name = type(self).__name__
        raise TypeError(f"{name} has no __call__(self, x): define it, as other libraries have forward")

    def named_parameters(self) -> Iterator[tuple[str, Value]]:
        """(name, Value) of every parameter, in the order of the attributes: `layers.0.w[1,2]`; each Value once."""
        for name, part in _parts(self):
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
        for name, part in parts.items():
            if np.shape(state[name]) != np.shape(part):
                raise ValueError(f"{name} has shape {np.shape(part)}; got {np.shape(state[name])}")
        new = {name: values(state[name]) for name in parts}
        if bad := [name for name, x in new.items() if np.isnan(x).any()]:
            raise ValueError(f"{bad[0]} holds nan: such a state is not loaded")
        assign(list(parts.values()), list(new.values()))

    def save(self, path: str | PathLike[str]) -> Path:
        """Write the state into an .npz file, one array a name, and return its path.

        It is written to a temporary file and renamed: an interruption leaves the old file. ValueError for another suffix.
        The file also tells the classes of the modules and their activations, for `load` to compare.
        """
        path = Path(path)
        if path.suffix != ".npz":
            raise ValueError(f"parameters are saved as .npz; got {path.name!r}")
        return written({path: self._write})

    def load(self, path: str | PathLike[str]) -> Self:
        """Read a state that `save` wrote, and return the module.

        ValueError, and nothing has changed, for a file that is damaged or of another network: of other names, shapes,
        classes or activations. `load_state(dict(numpy.load(path)))` takes the numbers by their names alone. Nothing is
        unpickled, and no more is unpacked than the parameters hold. OSError for a file that cannot be opened.
        """
        shapes = {name: np.shape(part) for name, part in self._named_parts().items()}
        with open(path, "rb") as file:
            try:
                state, kinds = _unpacked(file, shapes)
            except Exception as error:
                raise ValueError(f"{Path(path).name} is no .npz file of arrays, or a damaged one ({error})") from None
        own = dict(_kinds(self))
        if differ := [name for name, kind in own.items() if kinds.get(name, kind) != kind]:
            raise ValueError(
                f"{Path(path).name}: {differ[0] or 'the model'} is {own[differ[0]]} here and {kinds[differ[0]]} there; "
                "load_state(dict(numpy.load(path))) takes the numbers all the same"
            )
        try:
            self.load_state(state)
        except ValueError as error:
            raise ValueError(f"{Path(path).name}: {error}") from None
        return self

    def _named_parts(self) -> dict[str, Any]:
        parts = dict[str, Any]()
        for name, part in _parts(self):
            if name in parts:
                raise ValueError(f"two parts of {type(self).__name__} are called {name}: give one another name")
            parts[name] = part
        return parts

    def _write(self, file: Any) -> None:
        with zipfile.ZipFile(file, "w") as archive:  # np.savez takes no array called file
            kinds = json.dumps(dict(_kinds(self))).encode()
            archive.comment = kinds if len(kinds) <= zipfile.ZIP_MAX_COMMENT else b""
            for name, x in self.state().items():
                with archive.open(f"{name}.npy", "w") as part:
                    np.lib.format.write_array(part, x, allow_pickle=False)

    def _title(self, structure: str = "") -> str:
        count = len(self.parameters())
        return f"{type(self).__name__}({structure}{count} parameter{'s' * (count != 1)})"

    def __repr__(self) -> str:
        shapes = ((name, np.shape(part)) for name, part in _parts(self))
        return "\n  ".join([self._title(), *(f"{name} {shape or ''}".rstrip() for name, shape in shapes)])


def _parts(model: Module) -> Iterator[tuple[str, Any]]:
    """Every array of parameters by its name, and every parameter that stands alone; each once."""
    return ((name, part) for name, part in _inside(model, "", set()) if not isinstance(part, str))


def _kinds(model: Module) -> Iterator[tuple[str, str]]:
    """The class and activation of every module by its name, and the functions of every Chain."""
    return ((name, kind) for name, kind in _inside(model, "", set()) if isinstance(kind, str))


def _inside(x: Any, name: str, seen: set[int]) -> Iterator[tuple[str, Any]]:
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
        if isinstance(x, Module | Chain):
            own = list(x.functions.values()) if isinstance(x, Chain) else [getattr(x, "activation", "")]
            yield name, " ".join([type(x).__name__, *map(called, own)]).strip()
        x = x.functions if isinstance(x, Chain) else x
        named = vars(x) if isinstance(x, Module) else x if isinstance(x, dict) else dict(enumerate(x))
        inside = ((f"{name}.{key}".removeprefix("."), part) for key, part in named.items())
    for key, part in inside:
        yield from _inside(part, key, seen)


def called(f: Any) -> str:
    """The name of a function, of an activation that is given by its name, or else of a class."""
    return f if isinstance(f, str) else str(getattr(f, "name", getattr(f, "__name__", type(f).__name__)))


def _unpacked(file: Any, shapes: Mapping[str, tuple[int, ...]]) -> tuple[dict[str, Any], dict[str, str]]:
    """The arrays of an .npz file, zeros where a name or shape is not wanted; and what it tells of the modules."""
    with zipfile.ZipFile(file) as archive:
        state = dict[str, Any]()
        for info in archive.infolist():
            name = info.filename.removesuffix(".npy")
            if name in state:
                raise ValueError(f"{name} is there twice")
            state[name] = _read(archive, info, shapes[name]) if name in shapes else 0.0
        return state, dict(json.loads(archive.comment or b"{}"))


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo, shape: tuple[int, ...]) -> Any:
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"{info.filename} is compressed in another way than NumPy has")
    with archive.open(info) as part:  # of a bomb no more is unpacked than such an array may take
        file = BytesIO(part.read(10_000 + 16 * math.prod(shape)))
    version = np.lib.format.read_magic(file)
    header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    found, by_columns, dtype = header(file)
    if dtype.kind not in "fiub":
        raise ValueError(f"{info.filename} is of {dtype}: only real numbers are read, and no pickle")
    if found != shape:
        return np.broadcast_to(0.0, found)
    if len(data := file.read()) != dtype.itemsize * math.prod(shape):
        raise ValueError(f"{info.filename} has {len(data)} bytes")
    return np.frombuffer(data, dtype).reshape(shape, order="F" if by_columns else "C")


def _element(name: str, at: tuple[int, ...]) -> str:
    return f"{name}[{','.join(map(str, at))}]" if at else name
