"""minimize: the parameters at a minimum of a loss, by the methods of SciPy on recorded derivatives."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, Literal

import numpy as np

from autograd import Program, Value, assign, refusals
from autograd.recorded.program import Reduction
from nn.doctor import unmoved
from nn.engines import engine_for, inputs
from nn.examples import Floats, rows
from nn.optim import leaves

Method = Literal["Newton-CG", "trust-ncg", "CG", "BFGS", "L-BFGS-B"]

# For each method whether it takes H · v, and its tolerance unless one is given. The tolerance is for a loss whose largest
# slope at the start is STEEP: SciPy's methods end at slopes and curvatures of a certain size, however small the loss is.
METHODS: dict[Method, tuple[bool, float]] = {
    "Newton-CG": (True, 1e-9),
    "trust-ncg": (True, 1e-5),
    "CG": (False, 1e-4),
    "BFGS": (False, 1e-5),
    "L-BFGS-B": (False, 1e-13),
}
ROUNDING = 1e-14  # of a loss and of parameters, relatively
FEW = 64  # parameters of which the whole Hessian is looked at
STEEP, FLAT = 1e4, 1e-1  # a start that is flatter is near a minimum already: more scaling would show rounding


def minimize(
    f: Program | Callable[..., Any],
    parameters: Iterable[Any],
    method: Method = "Newton-CG",
    data: Sequence[Any] = (),
    reduction: Reduction = "mean",
    tol: float | None = None,
    engine: Literal["recorded", "c"] = "recorded",
    **options: Any,
) -> Any:
    """Move the parameters to a minimum of f by `scipy.optimize.minimize`; returns SciPy's result.

    f is a function of no argument that returns a loss, or one of an example. Then `data`, (X, Y), holds the examples,
    and the mean or the sum over them is minimised. A Program of such a function does as well; of a function engine="c"
    makes one in C. SciPy gets the loss, its
    gradient and, for Newton-CG and trust-ncg, the product of the Hessian with a vector. All three are recorded, and
    scaled to a largest slope of 10⁴ at the start (of a flat one by 10⁵). A `tol` that you pass applies to the scaled
    loss. Further arguments are the method's own options, such as maxiter=100. Other methods are CG, BFGS and L-BFGS-B.
    The result's `x` has the numbers of the parameters that the loss depends on, each once, in the order given.
    ValueError where the loss ends up infinite or nan, and where a method finds no way down; the parameters are then as
    they were. A point of zero gradient may be a saddle. The Newton methods look at its curvature: `success` is False
    where that is negative, and where it leaves the question open the `message` says so.

    >>> w = Value(5.0)
    >>> result = minimize(lambda: (w - 1) ** 2 + (w - 1) ** 4, [w])
    >>> round(w.data, 6)
    1.0
    """
    if method not in METHODS:
        raise ValueError(f"method is one of {', '.join(METHODS)}; got {method!r}")
    if engine not in ("recorded", "c"):
        raise ValueError(f"engine is 'recorded' or 'c'; got {engine!r}")
    try:
        from scipy import optimize
    except ImportError:
        raise ImportError('minimize needs SciPy: pip install "chainrule[scipy]"') from None
    if not isinstance(data, list | tuple):
        raise TypeError(f"minimize takes its data as a tuple, data=(X, Y); got {type(data).__name__}")
    data = [rows(x, f"data[{k}]", least=1) for k, x in enumerate(data)]
    program = f if isinstance(f, Program) else engine_for(engine, f, *(x[0] for x in data))
    moving = _movable(program, parameters, data)
    slope, hessian = _derivatives(program, moving, data, reduction)
    curved = hessian if METHODS[method][0] else None
    tol = METHODS[method][1] if tol is None else tol
    descend = partial(optimize.minimize, jac=True, method=method, tol=tol, options=options)
    result = _minimum(descend, slope, hessian, curved, np.array([v.primal for v in moving]))
    assign(moving, result.x)
    return result


def _minimum(descend: Any, slope: Any, hessian: Any, curved: Any, start: Floats) -> Any:
    """SciPy's result, from starts as flat as it takes to see the loss's own slopes, and whether it is a minimum."""
    result, scale = _descended(descend, slope, curved, start)
    _refuse_lost(result, descend.keywords["method"], start, abs(slope(start)[1]).max())
    while result.success and scale < 1.0:  # a start so steep hides the loss's own slopes: go on from the end
        further, scale = _descended(descend, slope, curved, result.x)
        if not further.fun < result.fun - 1e-10 * abs(result.fun):
            break
        further.nit += result.nit
        result = further
    if not result.success and _settled(slope, hessian, result.x):
        result.success, result.status, result.message = True, 0, "The loss is as low as rounding lets it be."
    if result.success:
        _tell_of_curvature(result, curved)
    return result


def _descended(descend: Any, slope: Any, hessian: Any, start: Floats) -> tuple[Any, float]:
    """SciPy's result for the loss scaled to a common slope at the start, in the loss's own unit; and the scale."""
    scale = STEEP / max(abs(slope(start)[1]).max(), FLAT)
    curved = hessian and (lambda at, v: scale * (hessian(at) @ v))
    with np.errstate(all="ignore"):  # of SciPy's own sums on its way to a minimum that is none
        result = descend(lambda at: [scale * x for x in slope(at)], start, hessp=curved)
    result.fun, result.jac = result.fun / scale, result.jac / scale
    if isinstance(hess_inv := result.get("hess_inv"), np.ndarray):
        result.hess_inv = hess_inv * scale
    return result, scale


def _refuse_lost(result: Any, method: str, start: Floats, steep: float) -> None:
    """ValueError for an end without a finite loss, and for one at a steep start, which SciPy may call a success."""
    if not np.isfinite([result.fun, *result.x]).all():
        raise ValueError(f"{method} ended at a loss of {result.fun} and changes nothing; SciPy says: {result.message}")
    if result.success and (result.x == start).all() and steep > FLAT / STEEP:
        advice = "scale the inputs to about 1, start elsewhere, or take BFGS"
        raise ValueError(f"{method} finds no way down at a slope of {steep:.3g}: {advice}")


def _tell_of_curvature(result: Any, hessian: Any) -> None:
    """A saddle is no success; and where the curvature leaves it open whether this is one, the message says so."""
    lowest, largest = _curvatures(hessian(result.x)) if hessian else (np.nan, np.nan)
    room = 1e-6 * max(-lowest, largest)
    if lowest < -room:
        result.success, result.status = False, 2
        result.message = (
            f"The gradient is 0 at a saddle or maximum: a curvature there is {lowest:.3g}. Start elsewhere."
        )
    elif not lowest > room:
        found = "A point of zero gradient was found, and whether it is a minimum or a saddle is not known."
        result.message = f"{result.message} {found}"


def _curvatures(H: Any) -> Any:  # noqa: N803
    """The smallest and the largest curvature of the loss; nan where they are not known."""
    from scipy.sparse.linalg import ArpackError, eigsh

    try:
        if H.shape[0] <= FEW:
            return np.linalg.eigvalsh(H @ np.eye(H.shape[0]))[[0, -1]]
        start = np.random.default_rng(0).normal(size=H.shape[0])
        return np.sort(eigsh(H, 2, which="BE", v0=start, tol=1e-3, maxiter=10)[0])
    except (ArpackError, *refusals.ERRORS):  # its series has not come to an end, or a second derivative is missing
        return np.nan, np.nan


def _settled(slope: Any, hessian: Any, at: Floats) -> bool:
    """Whether Newton's step from there is within rounding, of the loss or of the parameters: line searches fail there."""
    from scipy.sparse.linalg import cg

    loss, g = slope(at)
    try:
        with np.errstate(all="ignore"):
            step = cg(hessian(at), g, rtol=1e-3)[0]
    except refusals.ERRORS:  # a second derivative that is missing
        return False
    return bool(0.0 <= 0.5 * g @ step <= ROUNDING * abs(loss) or (abs(step) <= ROUNDING * abs(at)).all())


def _movable(program: Program, parameters: Iterable[Any], data: Sequence[Floats]) -> list[Value]:
    """The parameters that change the program's loss."""
    loss = program.function(*(inputs(x[0]) for x in data))
    if not isinstance(loss, Value):
        raise TypeError(f"minimize takes a function that returns one loss, a Value; got {type(loss).__name__}")
    wanted = set(program.parameters) - unmoved(loss)[0]
    if moving := [v for v in leaves(parameters, "minimize") if v in wanted]:
        return moving
    raise ValueError("the loss depends on none of these parameters: take those of a model without thresholds")


def _derivatives(program: Program, moving: list[Value], data: Sequence[Any], reduction: Reduction) -> tuple[Any, Any]:
    """(loss, gradient) of a program as a function of some of its parameters, and the Hessian, as what it does to vectors."""
    from scipy.sparse.linalg import LinearOperator

    place = {v: k for k, v in enumerate(program.parameters)}
    here, theta = np.array([place[v] for v in moving]), program.theta()
    direction = np.zeros_like(theta)

    def slope(numbers: Floats) -> tuple[float, Floats]:
        theta[here] = numbers
        loss, gradient = program.value_and_grad(theta, *data, reduction=reduction)
        return float(loss), gradient[here]

    def hessian(numbers: Floats) -> Any:
        def product(v: Floats) -> Any:
            theta[here], direction[here] = numbers, v.ravel()
            return program.hvp(theta, direction, *data, reduction=reduction)[here].astype(float, copy=False)

        return LinearOperator((len(here), len(here)), matvec=product, dtype=float)

    return slope, hessian
