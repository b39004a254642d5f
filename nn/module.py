"""Module: whatever holds parameters, found through its attributes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograd import Value, zero_grad


class Module:
    """A part of a network. Values of role parameter, arrays of them and modules among its attributes are its own."""

    def named_parameters(self) -> Iterator[tuple[str, Value]]:
        """(name, Value) of every parameter, in the order of the attributes: `layers.0.w[1,2]`; each Value once."""
        seen: set[Value] = set()
        for name, v in _parameters(self, ""):
            if v not in seen:
                seen.add(v)
                yield name, v

    def parameters(self) -> list[Value]:
        """Every parameter, each once."""
        return [v for _, v in self.named_parameters()]

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to None."""
        zero_grad(self.parameters())


def _parameters(x: Any, name: str) -> Iterator[tuple[str, Value]]:
    if isinstance(x, Value):
        if x.role == "parameter":
            yield name, x
    elif isinstance(x, Module):
        for attribute, part in vars(x).items():
            yield from _parameters(part, f"{name}.{attribute}" if name else attribute)
    elif isinstance(x, np.ndarray):
        for where in np.ndindex(x.shape):
            yield from _parameters(x[where], f"{name}[{','.join(map(str, where))}]")
    elif isinstance(x, list | tuple | dict):
        for key, part in x.items() if isinstance(x, dict) else enumerate(x):
            yield from _parameters(part, f"{name}.{key}")
