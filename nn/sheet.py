"""A sheet of a lecture: each formula is evaluated as printed, and verified by reverse mode, forward mode and 50 digits.

A table is a list of claims. One claim is one formula of one slide: what the slide says, the function it is `of`, and the
formula as `printed`, both in ordinary Python and found by the names of their arguments. With `wrt` the formula is the
derivative of the function by that argument; without it, another way to write the same thing. Functions such as `exp` come
from `autograd`, for they are evaluated on several kinds of numbers: on Values, the derivative in reverse and in forward
mode, and on numbers of 50 digits, the derivative by central differences. Where these three agree, the formula is held
against them. A lecturer's own table:

>>> from autograd import cos, exp, sigmoid, sin
>>> from nn.sheet import Claim, check, each
>>> mine = [
...     Claim("Rules", "(sin x)′ = cos x", of=lambda x: sin(x), wrt="x", printed=lambda x: cos(x), at=each(x=[0.3, 2.0])),
...     Claim("Rules", "(x eˣ)′ = x eˣ", of=lambda x: x * exp(x), wrt="x", printed=lambda x: x * exp(x), at=each(x=[0.5]),
...           corrected=lambda x: (1 + x) * exp(x), right="(1 + x) eˣ"),
...     Claim("Two classes", "eᵃ / (eᵃ + eᵇ) = σ(a − b)", of=lambda a, b: sigmoid(a - b),
...           printed=lambda a, b: exp(a) / (exp(a) + exp(b)), at=each(a=[1.0], b=[-0.5, 2.0])),
... ]
>>> report = check(mine)
>>> print(report)
Rules
  ✓      (sin x)′ = cos x
  slip   (x eˣ)′ = x eˣ
         printed 0.824361, true 2.47308, at x = 0.5; right is (1 + x) eˣ
<BLANKLINE>
Two classes
  ✓      eᵃ / (eᵃ + eᵇ) = σ(a − b)
<BLANKLINE>
3 formulas, 1 slip, 0 notes. Every formula holds, as printed or as corrected.
Slips on Rules.
>>> report.holds, [finding.claim.says for finding in report.slips]
(True, ['(x eˣ)′ = x eˣ'])

A slip whose correction is missing, or wrong too, is reported in the same way, and `holds` is then False. `check` takes a
Markdown table of formulas too; `read` says which columns it has.
"""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

try:
    import mpmath  # type: ignore[import-untyped, unused-ignore]
except ImportError:
    raise ImportError("checking a lecture needs mpmath: pip install mpmath") from None
import numpy as np

from autograd import array, jacobian, jvp, nesting, values
from nn.claims import WHOLE, Claim, Point, draws, each, read

DIGITS = 50
STEP = mpmath.mpf(10) ** -15  # of a central difference: its error, of the order of STEP², leaves 30 digits of the 50
NOISE = 1e-25  # what such a difference may make of a derivative that is 0
WIDTH = 110

__all__ = ["Claim", "Finding", "Report", "check", "derivative", "draws", "each", "read"]


@dataclass(frozen=True)
class Look:
    """A claim at one point."""

    point: Point
    ways: dict[str, Any]  # the truth, each way
    true: Any  # the one with 50 digits
    printed: Any
    corrected: Any
    refused: str  # why floats have no value for the printed formula


@dataclass(frozen=True)
class Finding:
    """The verdict on a claim: "✓", "slip" where the printed formula is wrong, "doubt" where the three ways disagree or
    one of them has no value.
    """

    claim: Claim
    verdict: str
    holds: bool  # as corrected, or as printed where there is no correction, at every point
    detail: str = ""
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        mark = "note" if self.notes and self.verdict == "✓" else self.verdict
        lines = [f"  {mark:<5}  {self.claim.says}"]
        for text in (self.detail, *self.notes):
            lines += textwrap.wrap(text, WIDTH, initial_indent=" " * 9, subsequent_indent=" " * 9)
        return "\n".join(lines)


@dataclass(frozen=True)
class Report:
    """The findings in the order of the table; as text, by slide, with a summary below."""

    findings: list[Finding] = field(default_factory=list)

    @property
    def slips(self) -> list[Finding]:
        """The formulas that are wrong as printed."""
        return [f for f in self.findings if f.verdict == "slip"]

    @property
    def notes(self) -> list[Finding]:
        """The formulas there is a remark on."""
        return [f for f in self.findings if f.notes]

    @property
    def holds(self) -> bool:
        """Whether every formula is right, as printed or as corrected."""
        return all(f.holds for f in self.findings)

    def __str__(self) -> str:
        found = groupby(self.findings, lambda f: f.claim.slide)
        slides = ["\n".join([slide, *map(str, findings)]) for slide, findings in found]
        return "\n\n".join([*slides, self.summary])

    @property
    def summary(self) -> str:
        """The numbers of formulas, slips and notes, whether all is right, and on which slides to look at what."""
        counts = [(len(self.findings), "formula"), (len(self.slips), "slip"), (len(self.notes), "note")]
        counted = ", ".join(f"{n} {what}{'s' * (n != 1)}" for n, what in counts)
        open_slips = [f for f in self.slips if not f.holds]
        advice = "write it as corrected=…, or in a table in the column right"
        parts = {
            "Slips on {}.": self.slips,
            f"No correction is given yet on {{}}: {advice}.": [f for f in open_slips if not f.claim.corrected],
            "The correction is wrong on {}.": [f for f in open_slips if f.claim.corrected],
            "In doubt, without a verdict, on {}.": [f for f in self.findings if f.verdict == "doubt"],
        }
        lines = [f"{counted}.{' Every formula holds, as printed or as corrected.' * self.holds}"]
        for text, findings in parts.items():
            if findings:
                lines.append(text.format("; ".join(dict.fromkeys(f.claim.slide for f in findings))))
        return "\n".join(lines)


def check(claims: Iterable[Claim] | str) -> Report:
    """Look at every claim, at each of its points; a text is a Markdown table of them.

    A formula that leaves its domain says so in its line. Any other error, such as a wrong call, is passed on with a line
    that names the claim.
    """
    claims = read(claims) if isinstance(claims, str) else claims
    with mpmath.workdps(DIGITS):
        return Report([_found(claim) for claim in claims])


# --- derivatives in printed formulas, and kinds of number ---------------------------------------------------------------


def derivative(f: Callable[[Any], Any], x: Any) -> Any:
    """∂f/∂x by central differences with 50 digits, of shape f(x).shape + x.shape: for the ∂ in a printed formula.

    >>> float(derivative(lambda x: x**3, 2.0))
    12.0
    """
    with mpmath.workdps(DIGITS):
        x = _exact(x)
        return _by_entries(lambda unit: (_digits(f(x + STEP * unit)) - _digits(f(x - STEP * unit))) / (2 * STEP), x)


def _by_entries(slope: Callable[[Any], Any], x: Any) -> Any:
    """∂f/∂x, of shape f(x).shape + x.shape, from the slope of f in the direction of each entry of x."""
    units = np.eye(np.size(x)).reshape(-1, *np.shape(x))
    columns = np.moveaxis(np.array([slope(unit[()]) for unit in units]), 0, -1)
    return columns.reshape(columns.shape[:-1] + np.shape(x))[()]


def _floats(x: Any) -> Any:
    return x if isinstance(x, WHOLE) else float(x) if np.ndim(x) == 0 else np.array(x, dtype=float)


def _exact(x: Any) -> Any:
    """The same with 50 digits; a text keeps the digits it has."""
    return x if isinstance(x, WHOLE) else _digits(x)


def _digits(x: Any) -> Any:
    """Numbers of any kind, in any nesting, as an array of 50-digit numbers, or one."""
    return np.array(nesting.mapped(_number, x), dtype=object)[()]


def _number(x: Any) -> Any:
    if isinstance(x, mpmath.mpc | complex):
        raise ValueError(f"it is complex, {mpmath.nstr(x, 6)}")
    return x if isinstance(x, mpmath.mpf) else mpmath.mpf(x if isinstance(x, str) else float(x))


def _call(f: Callable[..., Any], point: Point) -> Any:
    names = list(inspect.signature(f).parameters)
    if missing := [name for name in names if name not in point]:
        raise TypeError(f"a formula takes {', '.join(missing)}, and the point gives {', '.join(point) or 'nothing'}")
    return f(**{name: point[name] for name in names})


# --- three ways -------------------------------------------------------------------------------------------------------


def _ways(claim: Claim, point: Point, exact: Point) -> dict[str, Any]:
    """The value of `of`, or of its derivative: twice by the engine, and the last with 50 digits."""
    floats = {name: _floats(x) for name, x in point.items()}
    if not claim.wrt:
        leaves = {name: x if isinstance(x, WHOLE) else array(x, name) for name, x in floats.items()}
        on = {"Values": leaves, "floats": floats, "50 digits": exact}
        return {way: _digits(_call(claim.of, numbers)) for way, numbers in on.items()}

    if claim.wrt not in point:
        raise TypeError(f"the derivative is by {claim.wrt}, and the point gives {', '.join(point) or 'nothing'}")

    def of(others: Point) -> Callable[[Any], Any]:
        return lambda x: _call(claim.of, {**others, claim.wrt: x})

    x = floats[claim.wrt]
    return {
        "reverse mode": _digits(jacobian(of(floats))(x)),
        "forward mode": _digits(_by_entries(lambda unit: values(jvp(of(floats), (x,), (unit,))[1]), x)),
        "differences": derivative(of(exact), exact[claim.wrt]),
    }


def _fits(got: Any, true: Any, digits: int, within: float = 0.0) -> bool:
    """Whether all entries agree to that many digits of the largest."""
    if np.shape(got) != np.shape(true):
        return False
    size = max((abs(t) for t in nesting.flat(true)), default=0)
    room = within or (10.0**-digits * size if size > NOISE else 10.0**-digits)
    return all(abs(a - b) <= room for a, b in zip(nesting.flat(got), nesting.flat(true), strict=True))


# --- what is found ----------------------------------------------------------------------------------------------------


def _found(claim: Claim) -> Finding:
    if not claim.at:
        raise ValueError(f"the claim {claim.says!r} of {claim.slide!r} gives no point to look at")
    looks = []
    for point in claim.at:
        try:
            looks.append(_look(claim, point))
        except Exception as error:
            if _outside(error):
                detail = f"it has no value{_where(point)}: {_reason(error)}"
                return Finding(claim, "doubt", holds=False, detail=detail, notes=(claim.note,) * bool(claim.note))
            advice = "its functions come from autograd, and compute with Values and with mpmath's numbers"
            error.add_note(f"in the claim {claim.says!r} of {claim.slide!r}; {advice}")
            raise
    right = [_fits(look.corrected, look.true, 12, claim.within) for look in looks]
    refused = [f"as printed it has no value in floats{_where(x.point)}: {x.refused}" for x in looks if x.refused]
    notes = tuple(filter(None, (claim.note, *refused[:1])))
    for look in looks:
        if not all(_fits(way, look.true, 9) for way in look.ways.values()):
            detail = f"the three ways disagree: {_both(look.ways)}{_where(look.point, ', at ')}; is there a kink?"
            return Finding(claim, "doubt", holds=False, detail=detail, notes=notes)
    for look in looks:
        if not _fits(look.printed, look.true, 12, claim.within):
            return Finding(claim, "slip", all(right), _slip(claim, look, all(right)), notes)
    detail = "" if all(right) else "the correction is wrong"
    return Finding(claim, "✓" if all(right) else "slip", all(right), detail, notes)


def _look(claim: Claim, point: Point) -> Look:
    exact = {name: _exact(x) for name, x in point.items()}
    ways = _ways(claim, point, exact)
    printed = _digits(_call(claim.printed, exact))
    corrected = _digits(_call(claim.corrected, exact)) if claim.corrected else printed
    return Look(point, ways, [*ways.values()][-1], printed, corrected, _refused(claim.printed, point))


def _refused(printed: Callable[..., Any], point: Point) -> str:
    """Why the formula has no value in floats, though it has one."""
    try:
        with np.errstate(all="ignore"):
            _call(printed, {name: _floats(x) for name, x in point.items()})
    except Exception as error:
        if _outside(error):
            return _reason(error)
        raise
    return ""


def _outside(error: Exception) -> bool:
    """Whether a formula has left its domain: by an error of arithmetic, or by a complex number that something refuses."""
    return isinstance(error, ArithmeticError | ValueError) or (isinstance(error, TypeError) and "complex" in str(error))


def _reason(error: Exception) -> str:
    return str(error).partition(". ")[0] or type(error).__name__


def _slip(claim: Claim, look: Look, resolved: bool) -> str:
    right = f"right is {claim.right}" if claim.right else "the corrected formula holds"
    if not resolved:
        right = "the correction is wrong too" if claim.corrected else "no correction is given"
    return f"{_both({'printed': look.printed, 'true': look.true})}{_where(look.point, ', at ')}; {right}"


def _both(numbers: dict[str, Any]) -> str:
    """The entries that differ the most, side by side; the shapes where these differ."""
    if len({np.shape(x) for x in numbers.values()}) > 1:
        return ", ".join(f"{what} of shape {np.shape(x)}" for what, x in numbers.items())
    rows = list(zip(*map(nesting.flat, numbers.values()), strict=True))
    errors = [max(row) - min(row) for row in rows]
    worst = np.unravel_index(errors.index(max(errors)), np.shape(next(iter(numbers.values()))))
    entry = f" in entry [{', '.join(map(str, worst))}]" if worst else ""
    return ", ".join(f"{what} {_shown(np.array(x, dtype=object)[worst])}" for what, x in numbers.items()) + entry


def _where(point: Point, before: str = " at ") -> str:
    numbers = [f"{name} = {_shown(x)}" for name, x in point.items() if np.ndim(x) == 0]
    return before + ", ".join(numbers) if numbers else ""


def _shown(x: Any) -> str:
    return f"{float(x):.6g}".replace("-", "−")
