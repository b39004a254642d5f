"""What the measurements are held against: a floor that must not be missed, and a goal."""

from typing import NamedTuple


class Goal(NamedTuple):
    """A figure, on which side of a bound it belongs, the floor, the goal (None where there is none) and the unit."""

    figure: str
    side: str
    floor: float | None
    goal: float | None
    unit: str = "×"


# fmt: off
GOALS = {
    "chain":          Goal("chain of × and +, per node: ours ÷ micrograd's", "≤", 0.8, 0.5),
    "demo":           Goal("demo's training step, eager: micrograd's ÷ ours", "≥", 40, 60),
    "memory":         Goal("memory of a node: ours ÷ micrograd's", "≤", 1 / 2, 1 / 3),
    "growth off":     Goal("cost of a node from 10³ to 10⁶ of them, collector off: dearest ÷ cheapest", "≤", 2, None),
    "growth on":      Goal("the same with the collector on", "≤", 4, 1.5),
    "by hand 100":    Goal("recorded step: ours ÷ NumPy's by hand, 100 rows", "≤", 1.5, 1.1),
    "by hand 1e3":    Goal("the same, the most from 1,000 rows", "≤", 1.15, None),
    "by hand 1e4":    Goal("the same, the most from 10,000 rows", "≤", None, 0.9),
    "PyTorch":        Goal("recorded step: PyTorch's ÷ ours, the least from 100 rows", "≥", 1, None),
    "HIPS autograd":  Goal("recorded step: HIPS autograd's ÷ ours, the least from 100 rows", "≥", 1, None),
    "CasADi":         Goal("recorded step: CasADi's ÷ ours, the least from 100 rows", "≥", 1, None),
    "JAX":            Goal("recorded step: JAX jit's ÷ ours, the least from 100 rows", "≥", None, 1),
    "micrograd":      Goal("recorded step: micrograd's ÷ ours, 100 rows", "≥", 5000, None),
    "whole":          Goal("whole data set as one graph: CasADi's ÷ ours", "≥", 2, 5),
    "record":         Goal("`record` of the demo's loss", "≤", 5, 1, "ms"),
    "record and run": Goal("`record` and one run", "≤", None, None, "ms"),
    "import":         Goal("import autograd, nn, viz, over NumPy's own", "≤", 150, 50, "ms"),
    "draw":           Goal("drawing 200 nodes to SVG", "≤", 100, 30, "ms"),
}
# fmt: on
