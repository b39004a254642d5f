"""Optimisers: how parameters follow their gradients downhill."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from autograd import Value, kinds


class SGD:
    """Gradient descent, w ← w − lr · v with v ← momentum · v + ∂L/∂w + weight_decay · w.

    With momentum and weight decay of 0 it is the lecture's w ← w − η ∂E/∂w. `lr` may be assigned between
    steps. A parameter without a gradient stays as it is; ValueError where none has one.
    """

    def __init__(
        self, parameters: Iterable[Value], lr: float, momentum: float = 0.0, weight_decay: float = 0.0
    ) -> None:
        if not isinstance(parameters, Iterable):
            raise TypeError(f"SGD takes model.parameters(); got {type(parameters).__name__}")
        self.parameters: list[Value] = list(dict.fromkeys(v for x in parameters for v in kinds.flat(x)))
        if not self.parameters or not all(isinstance(v, Value) and v.op is None for v in self.parameters):
            raise TypeError("SGD takes the leaves to change: model.parameters(), or a list of arrays of Values")
        if not lr > 0 or momentum < 0 or weight_decay < 0:
            raise ValueError(f"SGD needs lr > 0, momentum ≥ 0, weight_decay ≥ 0; got {lr}, {momentum}, {weight_decay}")
        self.lr, self.momentum, self.weight_decay = lr, momentum, weight_decay
        self._velocity = dict.fromkeys(self.parameters, 0.0)

    def step(self) -> None:
        """Move every parameter that has a gradient."""
        moving = [v for v in self.parameters if v.grad is not None]
        if not moving:
            raise ValueError("no parameter has a gradient: call loss.backward() before step()")
        plain = self.momentum == self.weight_decay == 0.0
        for v in moving:
            slope: Any = v.grad
            if not plain:
                slope += self.weight_decay * v.data
                self._velocity[v] = slope = self.momentum * self._velocity[v] + slope
            v.data = v.primal - self.lr * slope

    def zero_grad(self) -> None:
        """Set every gradient to None."""
        for v in self.parameters:
            v.grad = None
