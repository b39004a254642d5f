"""Figures of matplotlib (extra `plot`): decision regions, learning curves, activations, paths of gradient descent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from inspect import signature
from typing import Any

import numpy as np

import autograd
from autograd import array, nesting, record, refusals, value_and_grad, values
from autograd.arrays import Floats
from autograd.names import Name
from autograd.recorded.examples import class_numbers, output

# Okabe & Ito 2008: told apart by colour-blind readers.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442", "#000000")
SIGNS = ("#4393C3", "#D6604D")  # of a number below 0, and above
FINE = 200  # points of a grid's side
HIGH = 2.0  # of activations: the largest value in view
JUMP = 0.25  # and the part of its range by which a derivative jumps


@cache
def _figure_class() -> Any:
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise ImportError('figures need matplotlib: pip install "chainrule[plot]"') from None

    class Picture(Figure):
        """A figure that shows itself in Jupyter, without pyplot and its list of open figures."""

        save = Figure.savefig  # as other pictures have it

        def _repr_png_(self) -> bytes:
            from io import BytesIO

            self.savefig(file := BytesIO(), format="png", dpi=110, bbox_inches="tight")
            return file.getvalue()

    return Picture


def _figure(columns: int = 1, wide: float = 5.0, high: float = 3.6) -> tuple[Any, Any]:
    figure = _figure_class()(figsize=(wide * columns, high), layout="constrained")
    return figure, figure.subplots(1, columns, squeeze=False)[0]


def boundary(model: Callable[[Any], Any], X: Any, y: Any, *, names: Sequence[str] = ()) -> Any:  # noqa: N803
    """The regions that a model of two inputs assigns to each class, with the data X (N, 2) and their classes y (N,).

    Of K outputs the largest decides; of one output its sign, or of a sigmoid or a threshold whether it is above ½; the darker, the farther from the boundary. `names` are those of the two inputs.
    Classes are 0 to K − 1, of one output 0 and 1, or −1 and 1: data have the colour of the region they belong to.
    ValueError for other classes and other shapes.

    >>> figure = boundary(lambda x: x[0] - x[1], [[0.0, 1.0], [1.0, 0.0]], [0, 1])
    >>> len(figure.axes)
    1
    """
    X, y = np.asarray(nesting.all_unmasked(X), dtype=float), np.asarray(nesting.all_unmasked(y))  # noqa: N806
    if X.ndim != 2 or X.shape[1] != 2 or y.shape != (len(X),) or not len(X):
        raise ValueError(
            f"boundary draws rows of two numbers, (N, 2), and their classes, (N,); got {X.shape}, {y.shape}"
        )
    low, high = X.min(axis=0), X.max(axis=0)
    few = len(X) < 20
    margin = (0.25 if few else 0.1) * (high - low) + 1e-9
    sides, grid = _grid(low - margin, high + margin, FINE)
    figure, (axes,) = _figure()
    scores = _scores(model, X[0])(grid)
    if scores.ndim == 1:
        heights = scores.reshape(FINE, FINE)
        levels = (float(abs(scores).max()) or 1.0) * np.linspace(-1.0, 1.0, 12)
        from matplotlib.colors import LinearSegmentedColormap

        ramp = LinearSegmentedColormap.from_list("classes", [COLOURS[0], "white", COLOURS[1]])  # as the data
        axes.contourf(*sides, heights, levels=levels, cmap=ramp, alpha=0.45)
        if scores.min() < 0 < scores.max():
            axes.contour(*sides, heights, levels=[0.0], colors="black", linewidths=1.2)
    else:
        count = scores.shape[1]
        regions = scores.argmax(axis=1).reshape(FINE, FINE)
        axes.contourf(*sides, regions, levels=np.arange(count + 1) - 0.5, colors=_colours(count), alpha=0.35)
    numbers = class_numbers(y, 0 if scores.ndim == 1 else scores.shape[1])
    for c, k in sorted(set(zip(y.tolist(), numbers.tolist(), strict=True))):
        colour = COLOURS[k % len(COLOURS)]  # that of its region
        axes.scatter(*X[y == c].T, s=90 if few else 30, color=colour, edgecolor="white", linewidth=0.9, label=f"{c}")
    axes.set(xlim=sides[0][[0, -1]], ylim=sides[1][[0, -1]], **dict(zip(("xlabel", "ylabel"), names, strict=False)))
    axes.legend(title="class", loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)  # hides no data
    return figure


def _grid(low: Floats, high: Floats, fine: int) -> tuple[list[Floats], Floats]:
    """The two sides of a grid of so many points each, and all of its points."""
    sides = [np.linspace(a, b, fine) for a, b in zip(low, high, strict=True)]
    return sides, np.stack(np.meshgrid(*sides), axis=-1).reshape(-1, 2)


def _scores(model: Callable[[Any], Any], row: Floats) -> Any:
    """A model's outputs as a program, of one output with the boundary at 0."""

    def the_model(x: Any) -> Any:
        y = output(model, x)
        return y - 0.5 if getattr(y, "op", None) in (autograd.sigmoid, autograd.step) else y

    return record(the_model, row)


def _colours(count: int) -> list[str]:
    return [COLOURS[k % len(COLOURS)] for k in range(count)]


def network(model: Callable[[Any], Any], x: Any = None) -> Any:
    """The units of a model as circles, and its weights as lines: as wide as they are large, in the colour of their sign.

    `x` is an example, without which the length of the first weights is taken for the
    number of inputs. ValueError for a model that has no layers of units, TypeError for what is no model.

    >>> w = array([[1.0, -2.0]], "w")
    >>> figure = network(lambda x: w @ x, [1.0, 0.0])
    >>> len(figure.axes)
    1
    """
    from viz.arguments import MODEL, called
    from viz.page.units import units

    called(model, MODEL)
    inputs = array(np.zeros(_inputs(model)) if x is None else x, "x", "input")
    found = units(nesting.flat(inputs), nesting.flat(model(inputs)))
    if not found:
        raise ValueError("network draws layers of units, which this model has not: viz.draw(model(x)) draws any graph")
    figure, (axes,) = _figure()
    layers = [[unit for unit in found if unit.layer == k] for k in range(1 + max(unit.layer for unit in found))]
    places = {unit: (k, len(of) / 2 - up) for k, of in enumerate(layers) for up, unit in enumerate(of)}
    weights = [(places[other], places[unit], w.data) for unit in found for other, w in unit.weights]
    top = max(abs(w) for *_, w in weights) or 1.0
    for a, b, w in weights:
        axes.plot(*zip(a, b, strict=True), color=SIGNS[w > 0], linewidth=0.3 + 4.5 * abs(w) / top, alpha=0.8, zorder=1)
    axes.scatter(*zip(*places.values(), strict=True), s=220, color="white", edgecolor="#59636E", zorder=3)
    for unit in layers[0]:
        axes.annotate(
            unit.name, places[unit], (-14, 0), textcoords="offset points", ha="right", va="center", fontsize=8
        )
    axes.margins(0.15)
    axes.set_axis_off()
    return figure


def _inputs(model: Any) -> int:
    """The number of inputs of a model: how long the first of its arrays of weights is."""
    own = getattr(model, "parameters", None)
    named = [Name(v.name) for v in own()] if callable(own) else []
    sizes = [name.index[-1] + 1 for name in named if name.index and name.array == named[0].array]
    if not sizes:
        raise ValueError("how many inputs has this model? Pass an example: network(model, X[0])")
    return max(sizes)


def history(h: Any) -> Any:
    """The loss of every epoch, and of the validation data; `h` is a History of nn.fit, or a dictionary of them by name.

    >>> from types import SimpleNamespace
    >>> figure = history(SimpleNamespace(loss=[2.0, 1.0], validation=[]))
    >>> figure.axes[0].get_xlabel()
    'epoch'
    """
    runs = h if isinstance(h, Mapping) else {"loss": h}
    if not all(getattr(run, "loss", ()) for run in runs.values()):
        from viz.arguments import told

        raise TypeError(f"history shows what nn.fit returns, or a dictionary of such; got {told(h)}")
    figure, (axes,) = _figure()
    for colour, (name, run) in zip(_colours(len(runs)), runs.items(), strict=True):
        label = f"{name}, validation" if runs is h else "validation"
        axes.plot(range(1, len(run.loss) + 1), run.loss, color=colour, label=name, marker="o" * (len(run.loss) == 1))
        if run.validation:
            axes.plot(range(1, len(run.validation) + 1), run.validation, color=colour, linestyle="--", label=label)
    found = [x for run in runs.values() for x in (*run.loss, *run.validation)]
    wide = min(found) > 0 and max(found) > 10 * min(found)  # on less than a decade a logarithmic axis has no numbers
    axes.set(xlabel="epoch", ylabel="loss", yscale="log" if wide else "linear")
    axes.grid(alpha=0.3)
    axes.legend()
    return figure


def activations(
    functions: Iterable[Any] = ("sigmoid", "tanh", "relu", "leaky_relu"), low: float = -5.0, high: float = 5.0
) -> Any:
    """Activations side by side on one scale, each with its derivative by reverse mode: names of functions, or functions.

    >>> [axes.get_title() for axes in activations(["sigmoid", "relu"]).axes]
    ['sigmoid', 'relu']
    """
    functions = [functions] if isinstance(functions, str) or callable(functions) else functions
    chosen: list[Any] = [getattr(autograd, f, None) if isinstance(f, str) else f for f in functions]
    if not chosen or not all(map(callable, chosen)):
        raise ValueError(f"activations are names such as 'tanh', or functions of one Value; got {functions!r}")
    figure, axes = _figure(len(chosen), wide=2.6, high=2.6)
    x = np.linspace(low, high, 2 * FINE + 1)
    found = [np.transpose([value_and_grad(f)(float(number)) for number in x]) for f in chosen]
    limits = np.clip(np.min(found), -HIGH, 0.0) - 0.1, np.clip(np.max(found), 1.0, HIGH) + 0.1
    for f, (y, slope), plot in zip(chosen, found, axes, strict=True):
        jumps = 1 + np.flatnonzero(abs(np.diff(slope)) > JUMP * np.ptp(slope))  # no line joins what is not continuous
        name = str(getattr(f, "name", getattr(f, "__name__", "f"))).strip("<>")
        plot.plot(x, y, color=COLOURS[0], label=f"{name}(a)")
        parts = [np.insert(n, jumps, np.nan) for n in (x, slope)]
        plot.plot(*parts, color=COLOURS[1], linestyle="--", label="its derivative")
        plot.axhline(0.0, color="black", linewidth=0.5)
        plot.set(xlabel="a", title=name, ylim=limits)
        plot.legend(fontsize="x-small")
    return figure


def descent(
    f: Callable[[Any], Any], start: Any, rates: Sequence[float] = (0.01, 0.1, 1.0), steps: int = 30, reach: float = 1.5
) -> Any:
    """The path of gradient descent on f from `start`, x ← x − η f′(x), a picture for each learning rate η.

    f is a function of one number, and drawn as a curve, or of a vector of two, and drawn by its contours. The picture
    reaches `reach` times the way from the start to the best point of all paths; a path that ends beyond, or where f has
    no value, is said to diverge.

    >>> [axes.get_title() for axes in descent(lambda x: x * x, 1.0, rates=(0.1, 1.1)).axes]
    ['η = 0.1', 'η = 1.1, diverges']
    """
    first = np.atleast_1d(values(start))
    if first.shape not in ((1,), (2,)) or not rates:
        raise ValueError(f"descent draws functions of one number or of two; got a start of shape {first.shape}")
    one = np.ndim(start) == 0
    of: Any = (lambda x: f(x[0])) if one else f
    paths = [_path(of, first, eta, steps) for eta in rates]
    points = np.concatenate([path for path, _ in paths])
    best = points[np.argmin([_value(of, x) for x in points])]
    radius = reach * max(float(abs(first - best).max()), 1e-9)
    title, x = getattr(f, "__name__", "f").replace("<lambda>", "f"), next(iter(signature(f).parameters), "x")
    names = (x, f"{title}({x})") if one else (f"{x}[0]", f"{x}[1]")[: first.size]
    figure, axes = _figure(len(rates), wide=3.2, high=3.0)
    for eta, (path, beyond), plot in zip(rates, paths, axes, strict=True):
        away = beyond or bool((abs(path[-1] - best) > radius).any())
        (_curve if first.size == 1 else _contours)(plot, of, path, best, radius)
        plot.set(title=f"η = {eta:g}" + ", diverges" * away, **dict(zip(("xlabel", "ylabel"), names, strict=False)))
    return figure


def _path(f: Any, x: Floats, eta: float, steps: int) -> tuple[Floats, bool]:
    """The points of a descent while f has a value there, and whether it ended because f had none."""
    slope, path = value_and_grad(f), [x]
    with np.errstate(all="ignore"):
        for _ in range(steps):
            try:
                _, g = slope(path[-1])
            except refusals.ERRORS:
                return np.array(path[:-1] or path), True
            new = path[-1] - eta * g
            if not np.isfinite(new).all() or abs(new).max() > 1e6 * (1 + abs(x).max()):
                return np.array(path), True
            path.append(new)
    return np.array(path), False


def _value(f: Any, x: Floats) -> float:
    try:
        return float(values(f(array(x, role="input"))))
    except refusals.ERRORS:
        return np.inf


def _curve(plot: Any, f: Any, path: Floats, best: Floats, radius: float) -> None:
    x = np.linspace(best[0] - radius, best[0] + radius, FINE)
    y = np.array([_value(f, point) for point in x[:, None]])
    plot.plot(x, np.where(np.isfinite(y), y, np.nan), color="0.55")
    plot.plot(path[:, 0], [_value(f, point) for point in path], "o-", color=COLOURS[1], markersize=3, linewidth=1)
    finite = y[np.isfinite(y)]
    pad = 0.08 * float(np.ptp(finite)) + 1e-9
    plot.set(xlim=(x[0], x[-1]), ylim=(finite.min() - pad, finite.max() + pad))


def _contours(plot: Any, f: Any, path: Floats, best: Floats, radius: float) -> None:
    sides, grid = _grid(best - radius, best + radius, FINE // 2)
    z = np.array([_value(f, x) for x in grid]).reshape(FINE // 2, FINE // 2)
    z = np.where(np.isfinite(z), z, np.nan)
    levels = np.nanmin(z) + (np.nanmax(z) - np.nanmin(z)) * np.linspace(0.0, 1.0, 16) ** 2  # closer near the bottom
    plot.contour(*sides, z, levels=np.unique(levels), colors="0.6", linewidths=0.8)
    plot.plot(*path.T, "o-", color=COLOURS[1], markersize=3, linewidth=1)
    plot.plot(*path[0], "o", color=COLOURS[0], markersize=6)
    plot.set(xlim=sides[0][[0, -1]], ylim=sides[1][[0, -1]], aspect="equal")
