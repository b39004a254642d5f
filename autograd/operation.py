"""Operations: what a row of the table is, and the table that a new one enters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property, partial
from operator import attrgetter
from typing import Any, NamedTuple, cast

from autograd import dispatch, nesting, refusals

Rule = Callable[..., Any]

TABLE: dict[str, Op] = {}
BUILT_IN: set[str] = set()  # the names of the library's own rows
RESERVED: set[str] = set()  # names that no row may have: the parts of every Value, and the rows of arrays


@dataclass(frozen=True, eq=False)
class Op:
    """A row of the table. Making one adds it: value, both modes, all orders and pictures follow from it.

    Raises ValueError for a name that is no identifier, belongs to a row of the library or to a part of Value.

    Attributes:
        name: What it is called; NumPy's name where NumPy has the function, for np.tanh then finds it.
        formula: The definition, f(*operands), as a textbook prints it.
        partials: A tuple of the ∂y/∂operand, one function f(y, *operands) for each operand.
        computed: How floats and arrays compute it, where the definition overflows or loses digits.
        computed_partials: How they compute the partials, where a graph to differentiate again needs another form.
        textbook: The partials as a textbook prints them, 1 − y², where another form keeps more digits.
        symbol: What stands on a card of a picture; the name if empty.
        written: How it stands in an expression, "{} + {}"; name(…) if empty.
        domain: Where the value exists, "x > 0"; everywhere if empty.
        instead: What to do outside of the domain, a sentence that ends the error's message.
        kink: The convention where no derivative exists, "relu′(0) = 0".
        samples: Where tests draw the operands, an interval for each; ±3 if empty.
        defaults: The numbers that stand for the last operands where these are left out.
        guarded: Whether a constant operand's partial may leave its domain: it is then 0 and not evaluated.
        infix: Whether it is an operator, and not a public function.

    >>> Op("double", lambda x: 2 * x, (lambda y, x: 2.0,))([1.0, 2.0])
    [2.0, 4.0]
    """

    name: str
    formula: Rule
    partials: Any
    computed: Rule | None = None
    computed_partials: Any = None
    symbol: str = ""
    written: str = ""
    domain: str = ""
    instead: str = ""
    kink: str = ""
    samples: tuple[tuple[float, float], ...] = ()
    defaults: tuple[float, ...] = ()
    guarded: bool = False
    infix: bool = False
    textbook: Any = None
    compiled: dict[int | None, Rule] = field(default_factory=dict, init=False, repr=False)  # its makers of nodes

    # What only a VectorOp has.
    vectors, leading, indexed, stacked = 0, 0, False, False
    index, family = cast("int | None", None), cast("VectorOp | None", None)

    def __new__(cls, *_: Any, vectors: int = 0, **__: Any) -> Op:
        """A row that takes vectors is a VectorOp."""
        return object.__new__(VectorOp if vectors else cls)

    def __post_init__(self) -> None:
        if self.index is None:
            _enter(self)

    __name__ = property(attrgetter("name"))  # as functions have it

    @property
    def label(self) -> str:
        """The name, with the index of a component."""
        return self.name if self.index is None else f"{self.name}[{self.index}]"

    @cached_property
    def arity(self) -> int | None:
        """The number of operands, None for a VectorOp."""
        return None if self.vectors else len(self.partials)

    @property
    def is_method(self) -> bool:
        """Whether every Value has it as a method: one operand, the others with defaults."""
        return self.arity is not None and self.arity - len(self.defaults) == 1

    @cached_property
    def value(self) -> Rule:
        """The rule for numbers of fixed precision: `computed`, or else `formula`."""
        return self.computed or self.formula

    @cached_property
    def slopes(self) -> Any:
        """The partials for numbers of fixed precision: `computed_partials`, or else `partials`."""
        return self.computed_partials or self.partials

    def slope(self, k: int) -> Rule:
        """The rule of the k-th partial, for numbers of fixed precision."""
        rules = self.slopes
        return rules[k] if isinstance(rules, tuple) else lambda *operands: rules(*operands)[k]

    def local(self, y: Any, *operands: Any, rules: Any = None) -> Sequence[Any]:
        """The local partial derivatives ∂y/∂operand, one per operand: by `partials`, or by the row's `slopes` as `rules`."""
        rules = rules or self.partials
        d = [rule(y, *operands) for rule in rules] if isinstance(rules, tuple) else list(rules(y, *operands))
        if len(d) != len(operands):
            raise TypeError(f"the rule of {self.name} gives {len(d)} partials for {len(operands)} operands")
        return d

    @dispatch.elementwise
    def __call__(self, *operands: Any, **by_name: Any) -> Any:
        """The operation on floats, Values, arrays or nestings of these; it returns the like."""
        if by_name or len(operands) != self.arity:
            operands = dispatch.completed(self, operands, by_name)
        for x in operands:
            if isinstance(x, nesting.NEST):
                return dispatch.on_nestings(self, operands)
        return self.apply(*operands)

    def apply(self, *operands: Any) -> Any:
        """The operation on single operands; a type with `__apply__(op, operands)` takes it over (Values record)."""
        for x in operands:
            if x.__class__ is not float and (hook := getattr(type(x), "__apply__", None)):
                if (result := hook(self, operands)) is NotImplemented:
                    raise refusals.untaken(self, operands)
                return result
        return dispatch.on_numbers(self, operands)

    def __repr__(self) -> str:
        return f"<Op {self.label}>"

    __copy__ = __deepcopy__ = lambda self, *_: self

    def __reduce__(self) -> tuple[Any, ...]:
        if find(self.name, self.index) is not self:
            raise ValueError(f"{self.name!r} is another row by now, and a pickle keeps only the name: compute it again")
        return find, (self.name, self.index)


@dataclass(frozen=True, eq=False, repr=False)
class VectorOp(Op):
    """A row that takes vectors: its rules take all their numbers one by one, and `partials` gives all ∂y/∂operand at once.

    An indexed row has a component for each number; its rules take the index c first, and `Components` may tell its partials.

    Attributes:
        vectors: How many vectors it takes: sum 1, dot 2.
        empty: The value on empty vectors, where there is one.
        nested: Whether it takes matrices and nestings too, as one long vector.
        indexed: Whether it gives a vector, by one row for each component.
        stacked: A promise that its rules take all operands as one array too, adding by `total` and by no loop.
        leading: How many numbers its rules take before the vectors: take 1, the index.
        index: The component, in a row made by `at`; None in any other.
        family: The row of all components, in a row made by `at`; None in any other.
    """

    vectors: int = 1
    empty: float | None = None
    nested: bool = False
    indexed: bool = False
    stacked: bool = False
    leading: int = 0
    index: int | None = None
    family: VectorOp | None = None

    @cached_property
    def at(self) -> Callable[[int], Op]:
        """The row of component `c` of an indexed row, the same object every time."""

        def component(c: int) -> Op:
            own: Any = {k: (f := getattr(self, k)) and partial(f, c) for k in ("formula", "partials", "computed")}
            return replace(self, index=c, indexed=False, family=self, **own)

        return cache(component)

    def __call__(self, *operands: Any, axis: int | None = None, **by_name: Any) -> Any:  # type: ignore[override]
        """The operation on vectors of floats or Values; a row that takes one vector runs along the last axis, or `axis`."""
        return dispatch.on_vectors(self, dispatch.completed(self, operands, by_name) if by_name else operands, axis)


class Components(NamedTuple):
    """The partials of an indexed row by what all components share: ∂y_c/∂a_c and, for every other j, ∂y_c/∂a_j."""

    shared: Rule  # p = shared(*a), one per operand
    own: Rule  # own(c, p)
    other: Rule  # other(p_j)

    def __call__(self, c: int, _: Any, *a: Any) -> list[Any]:
        p = self.shared(*a)
        return [self.own(c, p) if j == c else self.other(share) for j, share in enumerate(p)]


def find(name: str, index: int | None = None) -> Op:
    """The row of that name; LookupError says that a user's row must be made before its graphs are unpickled."""
    if name not in TABLE:
        raise LookupError(f"no operation is called {name!r}: make its row, Op({name!r}, …), before loading this graph")
    return TABLE[name] if index is None else cast(VectorOp, TABLE[name]).at(index)


def _enter(op: Op) -> None:
    refusals.refuse_row(op, BUILT_IN, RESERVED)
    if op.is_method:
        setattr(Methods, op.name, lambda v, *rest, **by_name: op(v, *rest, **by_name))
    elif op.name in vars(Methods):
        delattr(Methods, op.name)  # of a row that this one replaces
    TABLE[op.name] = op


class Methods:
    """The rows of one operand as methods, which every Value has."""

    __slots__ = ()
