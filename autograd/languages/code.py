"""An operand that writes source: fed to a row's rules, it gives the Python that computes them.

Every expression is a node of a small DAG; what is used more than once gets a name of its own when it is
written down, so nothing is computed twice, and what is used once stands where it is used. A dialect says how
functions are called: those of `math` on numbers, or those of an array's own namespace, `xp`, on arrays.
"""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

# How tightly a form binds, in Python's grammar.
TEST, COMPARE, SUM, PRODUCT, SIGN, POWER, ATOM = range(7)
WHERE = "{1} if {0} else {2}"
MASK = "({}).astype(theta.dtype)"  # 1.0 where a comparison holds, in the parameters' precision
WIDTH = 100  # an expression that would be longer is written in parts

Shape = tuple[int, int, bool]  # rows, columns, and whether each column stands for a whole row of data


class Dialect:
    """The functions an operand finds, and the numbers of the expressions written in it so far.

    Equal expressions have one number, and comparing them costs nothing.
    """

    def __init__(self, functions: SimpleNamespace, numbers: dict[tuple[Any, ...], int] | None = None) -> None:
        self.functions = functions
        self.numbers: dict[tuple[Any, ...], int] = {} if numbers is None else numbers


class Code:
    """An operand whose arithmetic writes Python.

    >>> x = Code("x")
    >>> str((x + 1) * -x)
    '(x + 1.0) * -x'
    """

    __slots__ = ("args", "binds", "dialect", "form", "key", "shape")

    def __init__(
        self,
        form: str,
        *args: Any,
        binds: int = ATOM,
        dialect: Dialect | None = None,
        shape: Shape | None = None,
    ) -> None:
        found = dialect or next((x.dialect for x in args if isinstance(x, Code)), SCALARS)
        self.dialect: Dialect = found
        self.args = [x if isinstance(x, Code) else _literal(x, found) for x in args]
        self.form, self.binds = form, binds
        self.shape: Shape = shape or _broadcast(self.args)
        self.key: int = found.numbers.setdefault((form, *(x.key for x in self.args)), len(found.numbers))

    def under(self, dialect: Dialect) -> Code:
        """The same expression, on which functions are called as in another dialect of the same numbers."""
        twin = object.__new__(Code)
        twin.form, twin.args, twin.binds, twin.shape, twin.key = self.form, self.args, self.binds, self.shape, self.key
        twin.dialect = dialect
        return twin

    @property
    def number(self) -> float | None:
        """The number a literal stands for."""
        return None if self.args or not self.form.lstrip("-")[0].isdigit() else float(self.form)

    def operands(self) -> list[Code]:
        """The operands as often as the form mentions them; a branch of a `where` twice, to be computed beforehand."""
        twice = self.args[1:] if self.form == WHERE else []
        return [x for k, x in enumerate(self.args) for _ in range(self.form.count(f"{{{k}}}") or 1)] + twice

    def __str__(self) -> str:
        return Script([self]).text(self)

    def __abs__(self) -> Code:
        return self.dialect.functions.abs(self.args[0] if self.form == "-{}" else self)  # type: ignore[no-any-return]

    def __neg__(self) -> Code:
        return self.args[0].under(self.dialect) if self.form == "-{}" else Code("-{}", self, binds=SIGN)

    def __pow__(self, other: Any) -> Code:
        return self.dialect.functions.pow(self, other)  # type: ignore[no-any-return]

    def __rpow__(self, other: Any) -> Code:
        return self.dialect.functions.pow(other, self)  # type: ignore[no-any-return]

    def __bool__(self) -> bool:
        raise TypeError(
            f"a rule cannot branch on {str(self)[:WIDTH]}: write where(…), which every kind of operand understands"
        )

    def __array_namespace__(self) -> Any:
        return self.dialect.functions

    if TYPE_CHECKING:  # put here below, form by form

        def __add__(self, other: Any) -> Code: ...

        __sub__ = __mul__ = __truediv__ = __add__


def _broadcast(args: list[Code]) -> Shape:
    shapes = [x.shape for x in args] or [(0, 0, False)]  # a number has none
    return max(s[0] for s in shapes), max(s[1] for s in shapes), any(s[2] for s in shapes)


def _operator(form: str, binds: int) -> tuple[Any, Any]:
    return lambda a, b: Code(form, a, b, binds=binds), lambda b, a: Code(form, a, b, binds=binds)


for _name, _form, _binds in (
    ("add", "{} + {}", SUM),
    ("sub", "{} - {}", SUM),
    ("mul", "{} * {}", PRODUCT),
    ("truediv", "{} / {}", PRODUCT),
    ("matmul", "{} @ {}", PRODUCT),
):
    for _prefix, _method in zip(("", "r"), _operator(_form, _binds), strict=True):
        setattr(Code, f"__{_prefix}{_name}__", _method)
for _name, _sign in (("gt", ">"), ("lt", "<"), ("ge", ">="), ("le", "<="), ("eq", "=="), ("ne", "!=")):
    setattr(Code, f"__{_name}__", _operator(f"{{}} {_sign} {{}}", COMPARE)[0])
setattr(Code, "__pos__", lambda x: Code("+{}", x, binds=SIGN))


def _called(form: str) -> Callable[..., Code]:
    return lambda *operands: Code(form, *operands)


def _literal(x: Any, dialect: Dialect) -> Code:
    text = repr(float(x))
    if not text.lstrip("-")[0].isdigit():
        text = f"float({text!r})"
    return Code(text, binds=SIGN if text[0] == "-" else ATOM, dialect=dialect)


# --- dialects ---------------------------------------------------------------------------------------------------------

_NAMES = ("exp", "log", "log1p", "expm1", "sqrt", "sin", "cos", "tan", "atan", "tanh")


def _largest(*a: Any) -> Any:
    return Code(f"max({', '.join(['{}'] * len(a))})", *a) if len(a) > 1 else a[0]


SCALARS = Dialect(
    SimpleNamespace(
        **{name: _called(f"{name}({{}})") for name in _NAMES},
        abs=_called("abs({})"),
        pow=_called("pow({}, {})"),
        largest=_largest,
        shift=_largest,
        where=lambda c, a, b: Code(WHERE, c, a, b, binds=TEST),
        maximum=lambda a, b: Code("{0} if {0} > {1} else {1} if {0} <= {1} else {0} + {1}", a, b, binds=TEST),
        minimum=lambda a, b: Code("{0} if {0} < {1} else {1} if {0} >= {1} else {0} + {1}", a, b, binds=TEST),
    )
)


def _power(a: Any, b: Any) -> Any:
    if isinstance(b, float) and b.is_integer() and abs(b) < 100:
        return a if b == 1.0 else Code(f"{{}} ** {int(b)}", a, binds=POWER)
    return Code("{} ** {}", a, b, binds=POWER)


def _chosen(c: Any, a: Any, b: Any) -> Any:
    if not isinstance(c, Code):  # both branches are computed all the same: one may be out of its domain
        return Code("xp.where({}, {}, {})", float(c), a, b)
    test = c.args[0] if c.form == MASK else c if c.binds == COMPARE else Code("{} != 0", c, binds=COMPARE)
    if isinstance(a, Code) or isinstance(b, Code):
        return Code("xp.where({}, {}, {})", test, a, b)
    # Of two plain numbers NumPy makes 64 bits.
    return Code(MASK, test) if (a, b) == (1, 0) else Code("xp.where({}, {}, {}).astype(theta.dtype)", test, a, b)


_ARRAYS = SimpleNamespace(
    **{name: _called(f"xp.{name}({{}})") for name in _NAMES},
    abs=_called("abs({})"),
    pow=_power,
    where=_chosen,
    maximum=_called("xp.maximum({}, {})"),
    minimum=_called("xp.minimum({}, {})"),
)


def _over_rows(form: str) -> Callable[[Code], Code]:
    return lambda x: Code(form, x, shape=(1, *x.shape[1:]))


def array_dialects(
    others: Callable[[Code], Code], named: Callable[[str, Code], Code]
) -> tuple[Dialect, Dialect, Dialect]:
    """Three dialects of one recording: for values, for local partials, and for rows that take their operands stacked.

    A partial need not carry nan on, as the value does that: step is one comparison there. `others(x)` is of every row
    the sum of all other rows, `named(name, x)` gives x a name.
    """
    values = Dialect(_ARRAYS)
    partials = SimpleNamespace(**vars(_ARRAYS), step=lambda x: Code(MASK, x > 0))
    largest = _over_rows("{}.max(axis=0, keepdims=True)")
    stacks = SimpleNamespace(
        **vars(partials),
        total=_over_rows("{}.sum(axis=0, keepdims=True)"),
        largest=largest,
        shift=largest,  # so that the forward pass's exponentials serve once more
        y_hat=lambda e, whole: named("y_hat", e / whole),
        others=lambda _, stack: others(stack),
    )
    return values, Dialect(partials, values.numbers), Dialect(stacks, values.numbers)


# --- writing it down --------------------------------------------------------------------------------------------------


class Script:
    """Assignments that compute the targets, written one target at a time; what is used twice is computed once.

    `named` has the names that parts are to have, by key; every other part that needs a name is t0, t1, …

    >>> x = Code("x")
    >>> y = x * x + x * x
    >>> Script([y]).lines("y", y)
    ['t0 = x * x', 'y = t0 + t0']
    """

    def __init__(
        self, targets: Iterable[Code], named: Mapping[int, str] | None = None, width: int | None = None
    ) -> None:
        targets = list(targets)
        self._uses = Counter(x.key for node in _nodes(targets, {}) for x in node.operands())
        self._uses.update(target.key for target in targets)
        self._named, self._width = named or {}, width
        self._texts: dict[int, str] = {}
        self._binds: dict[int, int] = {}  # of what has a text, how tightly that binds
        self._count = 0

    def lines(self, name: str, target: Code) -> list[str]:
        """The assignment to `name`, after those of the parts that need names."""
        lines = list(self._parts(target))
        lines.append(f"{name} = {self.text(target)}")
        if not self._texts[target.key].isidentifier():
            self._call(target, name)
        return lines

    def assigned(self, target: Code) -> list[str]:
        """The assignment of the target to the name it is to have, if any, unless it is written down already."""
        name = self._named.get(target.key)
        return self.lines(name, target) if name and self._texts.get(target.key) != name else []

    def text(self, target: Code) -> str:
        """The expression, where parts that are already written down stand by their names."""
        for node in _nodes([target], self._texts):
            self._write(node)
        return self._texts[target.key]

    def _parts(self, target: Code) -> Iterator[str]:
        for node in _nodes([target], self._texts):
            text = self._write(node)
            wanted = self._named.get(node.key) or (node.args and self._uses[node.key] > 1)
            if node.key != target.key and (wanted or (self._width and len(text) > self._width)):
                name = self._named.get(node.key) or f"t{self._count}"
                self._count += node.key not in self._named
                yield f"{name} = {text}"
                self._call(node, name)

    def _call(self, node: Code, name: str) -> None:
        self._texts[node.key], self._binds[node.key] = name, ATOM

    def _write(self, node: Code) -> str:
        text = (
            node.form.format(*(self._operand(node, k, x) for k, x in enumerate(node.args))) if node.args else node.form
        )
        self._texts[node.key], self._binds[node.key] = text, node.binds
        return text

    def _operand(self, node: Code, k: int, x: Code) -> str:
        text, binds = self._texts[x.key], self._binds[x.key]
        # Sums and products bind to the left: a - b - c, but a - (b - c). A call brackets its operands itself.
        # A matrix product stands in brackets beside other products, though Python needs none.
        chained = k == 0 and node.binds in (SUM, PRODUCT) and ("@" in node.form) == ("@" in x.form)
        called = node.binds == ATOM and not (k == 0 and node.form.startswith("{}"))
        return (
            text
            if called or binds > node.binds or (binds == node.binds and (chained or binds == ATOM))
            else f"({text})"
        )


def _nodes(roots: Iterable[Code], known: Any) -> Iterator[Code]:
    """Every expression under the roots that is not `known`, each once and after its operands."""
    seen: set[int] = set()
    stack = [(root, False) for root in reversed(list(roots))]
    while stack:
        node, ready = stack.pop()
        if ready:
            yield node
        elif node.key not in seen and node.key not in known:
            seen.add(node.key)
            stack.append((node, True))
            stack += [(x, False) for x in reversed(node.args)]


# --- names ------------------------------------------------------------------------------------------------------------

RESERVED = frozenset(
    {"theta", "xp", "n", "np", "constants", "scatter", "forward", "sum_and_grad", "gradient", "abs", "float", "others"}
    | {"file", "allow_pickle"}  # np.savez has arguments of these names
)


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
    if not name.isidentifier() or keyword.iskeyword(name) or re.fullmatch(r"t\d+", name):
        name = f"v_{name}"
    return name if name.isidentifier() else "v"
