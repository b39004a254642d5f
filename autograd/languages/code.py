"""Code, an operand that writes programs: where a row's rules are given Code for numbers, they return the expression.

Every expression is a node of a small DAG, and equal ones have one number. A word that the language lacks is spelt by the
row's own rule; a row whose rule cannot be written (it branches, or calls a function of another library) is refused.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from keyword import iskeyword
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from autograd import dispatch, ops
from autograd.languages.forms import Form, Language
from autograd.ops import Op
from autograd.value import Operand

WIDTH = 100  # an expression that would be longer is written in parts

Shape = tuple[int, int, bool]  # rows, columns, and whether each column stands for a whole row of data
NUMBER: Shape = (0, 0, False)
COMPARISONS = ("greater", "less", "greater_equal", "less_equal", "equal", "not_equal")


class Context:
    """The language, names and constants that the expressions of one program share."""

    def __init__(self, language: Language, reserved: Iterable[str] = ()) -> None:
        self.language = language
        self.numbers: dict[Any, int] = {}
        self.names: dict[int, str] = {}  # of expressions that are to have one, by number
        self.constants: dict[str, npt.NDArray[Any]] = {}
        self.comments: dict[str, str] = {}  # on constants
        self._used = set(reserved)
        self.rows: dict[str, Op] = {}  # whose rules are called
        self._known: dict[Any, Code] = {}  # the constants by what is in them
        self.counts = False  # whether a comparison was taken for a number

    def variable(self, name: str, shape: Shape = NUMBER) -> Code:
        """An operand that stands for what has that name."""
        return Code("name", (), (name,), shape, self)

    def number(self, x: Any) -> Code:
        """An operand that is a plain number."""
        return Code("number", (), (float(x),), NUMBER, self)

    def unique(self, wanted: str) -> str:
        """A name like the wanted one that nothing else has."""
        return unused(self.language.spelled(wanted), self._used)

    def named(self, wanted: str, code: Any) -> Any:
        """The expression, for which a name is reserved."""
        if isinstance(code, Code) and code.args and code.key not in self.names:
            self.names[code.key] = self.unique(wanted)
        return code

    def row(self, op: Op) -> str:
        """The name by which the code knows a row whose rules it calls."""
        used = {name for name, known in self.rows.items() if known is not op}
        self.rows[name := unused(op.label, used)] = op
        return name

    def constant(self, wanted: str, data: npt.NDArray[Any], comment: str = "") -> Code:
        """An array that the code reads; the same one for the same numbers."""
        content = (data.shape, data.dtype.kind, data.tobytes())
        if content not in self._known:
            name = self.unique(wanted)
            self.constants[name], self.comments[name] = data, comment
            rows, columns = (*data.shape, 0)[:2]
            self._known[content] = self.variable(name, (rows, columns, False))
        return self._known[content]


class Code(Operand):
    """A word on operands. Its arithmetic writes further ones.

    >>> from autograd.languages.python import PYTHON
    >>> x = Context(PYTHON).variable("x")
    >>> y = (x + 1) * -x
    >>> y.word, y.args[0].word, y.args[1].word
    ('multiply', 'add', 'negative')
    """

    __slots__ = ("args", "context", "data", "key", "shape", "word")

    def __init__(
        self,
        word: str,
        args: Sequence[Any],
        data: tuple[Any, ...] = (),
        shape: Shape | None = None,
        context: Any = None,
    ) -> None:
        self.context: Context = context or next(x.context for x in args if isinstance(x, Code))
        self.word = word  # a row of the table, a word for arrays, or "name" and "number", which have no operands
        self.args = [x if isinstance(x, Code) else self.context.number(x) for x in args]
        self.data = data  # what the word needs besides: a name, a number, the ends of a slice
        self.shape = shape or broadcast(*self.args)
        numbers = self.context.numbers
        # By text: 0 and −0 are two numbers, and nan is one.
        content = (word, *data, *(x.key for x in self.args)) if word != "number" else repr(data[0])
        self.key: int = numbers.setdefault(content, len(numbers))

    @classmethod
    def of(cls, x: Any) -> Any:
        """The same expression as an operand of this kind."""
        if x.__class__ is cls or not isinstance(x, Code):
            return x
        twin = object.__new__(cls)
        for slot in Code.__slots__:
            setattr(twin, slot, getattr(x, slot))
        return twin

    @classmethod
    def __apply__(cls, op: Op, operands: Sequence[Any]) -> Any:
        if not (op is ops.multiply and any(counted(x) is x for x in operands)):
            chosen = op is ops.where  # a number times a truth value is one in every language
            operands = [*operands[:chosen], *map(counted, operands[chosen:])]
        first = next(x for x in operands if isinstance(x, Code))
        form = first.context.language.forms.get(op.name)
        if form is None:
            return cls.called(op, "value", *operands) if opaque(op, len(operands)) else counted(op.value(*operands))
        return cls.said(op.name, *operands) if isinstance(form, Form) else form(cls, *operands)

    @classmethod
    def said(cls, word: str, *operands: Any) -> Self:
        """The word on operands, simplified where signs meet."""
        first = operands[0]
        if word in ("negative", "absolute") and first.word == "negative":
            inner = first.args[0]
            return cls.of(inner) if word == "negative" else cls(word, (inner,))
        return cls(word, operands)

    @classmethod
    def called(cls, op: Op, rule: str, *operands: Any) -> Self:
        """A call of a rule that is Python, number by number; TypeError in a language that cannot call it."""
        context = next(x.context for x in operands if isinstance(x, Code))
        if "each" not in context.language.forms:
            raise TypeError(
                f"the rules of {op.label} are Python that only NumPy's programs can call: write them in arithmetic, "
                "where(…) and autograd's functions, which every language has"
            )
        return cls("each", operands, (context.row(op), rule))

    def __compare__(self, word: str, other: Any) -> Self:
        return type(self)(word, (self, other))

    def __array_ufunc__(self, ufunc: Any, method: str, *operands: Any, **options: Any) -> Any:
        if any(getattr(x, "word", None) in COMPARISONS for x in operands):
            raise TypeError(f"np.{ufunc.__name__} of comparisons is not written: NumPy adds two that hold to True")
        return getattr(ufunc, method)(*(np.full((), x, object) for x in operands), **options)  # by their operators

    def __eq__(self, other: object) -> Any:
        return self.__compare__("equal", other)

    def __ne__(self, other: object) -> Any:
        return self.__compare__("not_equal", other)

    __hash__ = object.__hash__

    def __word__(self, name: str) -> Callable[..., Any] | None:
        if name not in ("largest", "shift") or "largest" not in self.context.language.forms:
            return None
        return lambda *operands: type(self)("largest", operands) if len(operands) > 1 else operands[0]

    @property
    def literal(self) -> float | None:
        """The number that this is."""
        return self.data[0] if self.word == "number" else None

    def __bool__(self) -> bool:
        raise TypeError(
            f"a rule cannot branch on {self.word}(…): write where(…), which every kind of operand understands"
        )


def counted(x: Any) -> Any:
    """A comparison as the number that a formula takes it for, 1 or 0: NumPy's truth values do not add up."""
    if not isinstance(x, Code) or x.word not in COMPARISONS:
        return x
    x.context.counts = True
    return ops.where.apply(x, 1.0, 0.0)


def opaque(op: Op, n: int) -> bool:
    """Whether the rules of a row on n operands are Python that no language can write, as math.erf and a table are."""
    return op.name not in ops.BUILT_IN and _tried(op, n) is None


def _arraywise(op: Op, n: int) -> bool:
    # NumPy adds two truth values to True, and what Python does with an array may be anything.
    return op.name in ops.BUILT_IN or ((tried := _tried(op, n)) is not None and not tried.counts)


setattr(dispatch, "arraywise", _arraywise)  # here, for the dispatch knows no code


@cache
def _tried(op: Op, n: int) -> Context | None:
    """A context in which the rules of a row on n operands are written, None where no language can write them."""
    context = Context(Language(dict.fromkeys(ops.BUILT_IN, Form(""))))
    y, *operands = map(context.variable, ["y", *(f"x{k}" for k in range(n))])
    try:
        results = [op.value(*operands), *op.local(y, *operands, rules=op.slopes)]
    except Exception:  # of a user's rule
        return None
    return context if all(isinstance(x, Code | float | int) for x in results) else None


class Partial(Code):
    """An operand of local partials, which need not carry nan on as the value does: step is one comparison there."""

    __slots__ = ()

    @classmethod
    def __apply__(cls, op: Op, operands: Sequence[Any]) -> Any:
        if op is ops.step:
            return ops.where.apply(operands[0] > 0, 1.0, 0.0)
        return super().__apply__(op, operands)

    def __word__(self, name: str) -> Callable[..., Any] | None:
        return _above if name == "above" else super().__word__(name)


def _above(a: Any, b: Any) -> Any:
    return ops.where.apply(a > b, 1.0, 0.0)


def broadcast(*args: Code) -> Shape:
    """The shape of what is computed entry by entry."""
    shapes = [x.shape for x in args]
    return max(s[0] for s in shapes), max(s[1] for s in shapes), any(s[2] for s in shapes)


# --- names ------------------------------------------------------------------------------------------------------------


def unused(wanted: str, used: set[str]) -> str:
    """A name like the wanted one that is not used yet; from now on it is."""
    base = name = identifier(wanted)
    k = 2
    while name in used:
        name, k = f"{base}_{k}", k + 1
    used.add(name)
    return name


def identifier(text: str) -> str:
    """The text as a name in Python, whatever stands in it."""
    name = re.sub(r"\W+", "_", unicodedata.normalize("NFKC", text)).strip("_")[:40]
    if not name.isidentifier() or iskeyword(name) or re.fullmatch(r"t\d+", name):
        name = f"v_{name}"
    return name if name.isidentifier() else "v"
