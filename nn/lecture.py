"""The lecture's two-layer softmax network as its chain of six functions."""

from __future__ import annotations

from typing import Any

from autograd import Chain, named, scope, sigmoid
from nn.losses import cross_entropy


def lecture_chain(W1: Any, w10: Any, W2: Any, w20: Any, c: int) -> Chain:  # noqa: N803  # the lecture's names
    """L = f6(f5(f4(f3(f2(f1(x)))))) for the true class c, every intermediate named as in the lecture.

    W1 (M, d), w10 (M,), W2 (K, M) and w20 (K,) are arrays of Values; lecture, computation graph. The lecture prints
    f6 without its minus; the loss is −log softmax(x6)_c.
    """

    @scope("f1", "x2 = W1·x")
    def f1(x: Any) -> Any:
        return named("x2", W1 @ x)

    @scope("f2", "x3 = x2 + w10")
    def f2(x2: Any) -> Any:
        return named("x3", x2 + w10)

    @scope("f3", "x4 = σ(x3)")
    def f3(x3: Any) -> Any:
        return named("x4", sigmoid(x3))

    @scope("f4", "x5 = W2·x4")
    def f4(x4: Any) -> Any:
        return named("x5", W2 @ x4)

    @scope("f5", "x6 = x5 + w20")
    def f5(x5: Any) -> Any:
        return named("x6", x5 + w20)

    @scope("f6", f"L = −log softmax(x6)[{c}]")
    def f6(x6: Any) -> Any:
        return named("L", cross_entropy(x6, c))

    return Chain(f1, f2, f3, f4, f5, f6)
