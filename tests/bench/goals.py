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
    "chain":          Goal("chain of × and +, per node: ours ÷ micrograd's", "≤", 0.5, 0.4),
    "demo":           Goal("demo's training step, eager: micrograd's ÷ ours", "≥", 40, 60),
    "memory":         Goal("memory of a node: ours ÷ micrograd's", "≤", 1 / 4, None),
    "growth off":     Goal("cost of a node from 10³ to 10⁶ of them, collector off: dearest ÷ cheapest", "≤", 2, 1.5),
    "growth on":      Goal("the same with the collector on", "≤", 3, 1.5),
    "by hand 100":    Goal("recorded step: ours ÷ NumPy's by hand, 100 rows", "≤", 1.3, 1.1),
    "by hand 1e3":    Goal("the same, the most from 1,000 rows", "≤", 1.15, 1.0),
    "by hand 1e4":    Goal("the same, the most from 10,000 rows", "≤", 0.95, 0.7),
    "C 100":          Goal("recorded step in C ÷ NumPy's by hand, 100 rows", "≤", 0.3, 0.15),
    "C 1,000":        Goal("the same, 1,000 rows", "≤", 0.3, 0.15),
    "C 10,000":       Goal("the same, 10,000 rows", "≤", 0.25, 0.15),
    "C before JAX":   Goal("recorded step: JAX jit's ÷ ours in C, the least from 10 rows", "≥", 1, None),
    "PyTorch":        Goal("recorded step: PyTorch's ÷ ours, the least from 100 rows", "≥", 1, None),
    "HIPS autograd":  Goal("recorded step: HIPS autograd's ÷ ours, the least from 100 rows", "≥", 1, None),
    "CasADi":         Goal("recorded step: CasADi's ÷ ours, the least from 100 rows", "≥", 1, None),
    "JAX":            Goal("recorded step: JAX jit's ÷ ours, the least from 100 rows", "≥", None, 1),
    "micrograd":      Goal("recorded step: micrograd's ÷ ours, 100 rows", "≥", 5000, None),
    "whole":          Goal("whole data set as one graph: CasADi's ÷ ours", "≥", 2, 5),
    "whole in C":     Goal("whole data set as one graph: CasADi's ÷ ours in C", "≥", 7, 30),
    "a step by fit":            Goal("a step of the demo by `fit`", "≤", 85, 70, "µs"),
    "a step by fit in C":       Goal("the same, compiled", "≤", None, None, "µs"),
    "a step by backward":       Goal("a step by `backward`, `step` and `zero_grad`", "≤", 130, 90, "µs"),
    "a step by backward in C":  Goal("the same, compiled", "≤", None, None, "µs"),
    "record":         Goal("`record` of the demo's loss", "≤", 3, 1, "ms"),
    "record and run": Goal("`record` and one run", "≤", None, None, "ms"),
    "compile":        Goal("compiling the demo's C", "≤", 500, 100, "ms"),
    "import":         Goal("import autograd, nn, viz, over NumPy's own", "≤", 100, 50, "ms"),
    "gpt 1":          Goal("a name of the GPT, one at once", "≤", 300, None, "µs"),
    "gpt 32":         Goal("a name of the GPT, 32 at once", "≤", 60, None, "µs"),
    "gpt grows":      Goal("the same, 256 at once ÷ 32 at once", "≤", 1.1, 1),
    "gpt 1 in C":     Goal("a name of the GPT in C, one at once", "≤", 60, None, "µs"),
    "gpt in C":       Goal("a name of the GPT in C, 32 at once", "≤", 60, None, "µs"),
    "gpt recorded":   Goal("`record` of the GPT", "≤", 400, 200, "ms"),
    "draw":           Goal("drawing 200 nodes to SVG", "≤", 100, 50, "ms"),
}
for rows, floor, goal, floor_in_c, goal_in_c in (("100", 1.4, 1.1, 0.45, 0.25), ("1,000", 1.3, 1.0, 0.5, 0.25), ("10,000", 1.0, 0.8, 0.3, 0.25)):
    for name in ("tanh", "sigmoid"):
        GOALS[f"{name} {rows}"] = Goal(f"the step with {name}: ours ÷ NumPy's by hand, {rows} rows", "≤", floor, goal)
        GOALS[f"{name} {rows} C"] = Goal("the same in C", "≤", floor_in_c, goal_in_c)
for rows in ("100", "1,000"):
    for name, floor, goal in (("recurrence", 3.0, 1.5), ("convolution", 1.0, 0.4)):
        GOALS[f"{name} {rows}"] = Goal(f"the {name}: ours ÷ NumPy's by hand, {rows} rows", "≤", floor, goal)
        GOALS[f"{name} {rows} C"] = Goal("the same in C", "≤", None, None)
# fmt: on
