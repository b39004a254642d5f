# Types for editors and type checkers, of what the table makes at run time.
# These are the functions, and the operators and methods of a Value. Nothing of it runs.

from typing import Any, Protocol, overload

import numpy.typing as npt

from autograd.arrays import Array
from autograd.value import Operand, Value

# A row on each kind of operand.
class Elementwise(Protocol):
    @overload
    def __call__(self, x: float, /, *rest: float, **by_name: float) -> float: ...
    @overload
    def __call__(self, x: Value, /, *rest: Value | float, **by_name: Value | float) -> Value: ...
    @overload
    def __call__(self, a: float, b: Value, /, *rest: Value | float) -> Value: ...
    @overload
    def __call__(self, x: Array, /, *rest: Any, **by_name: Any) -> Array: ...
    @overload
    def __call__(self, x: npt.NDArray[Any], /, *rest: Any, **by_name: Any) -> npt.NDArray[Any]: ...
    @overload
    def __call__(self, x: list[Any], /, *rest: Any, **by_name: Any) -> list[Any]: ...
    @overload
    def __call__(self, *operands: Any, **by_name: Any) -> Any: ...

# An operator on a Value and what stands beside it.
class Arithmetic(Protocol):
    @overload
    def __call__(self, b: npt.NDArray[Any], /) -> Array: ...
    @overload
    def __call__(self, b: Any, /) -> Value: ...

class Typed(Operand):
    # One by one, for a checker gives an alias the type that it has in Operand.
    __add__: Arithmetic
    __radd__: Arithmetic
    __sub__: Arithmetic
    __rsub__: Arithmetic
    __mul__: Arithmetic
    __rmul__: Arithmetic
    __truediv__: Arithmetic
    __rtruediv__: Arithmetic
    __pow__: Arithmetic
    __rpow__: Arithmetic

    def __gt__(self, b: Any) -> bool: ...
    def __lt__(self, b: Any) -> bool: ...
    def __ge__(self, b: Any) -> bool: ...
    def __le__(self, b: Any) -> bool: ...

    # The rows of one operand; a test keeps them equal to the table.
    def tanh(self) -> Value: ...
    def leaky_relu(self, slope: Value | float = 0.01) -> Value: ...

    absolute = exp = log = log2 = log10 = log1p = expm1 = sqrt = sin = cos = tan = arcsin = arccos = arctan = tanh
    sinh = cosh = sigmoid = log_sigmoid = softplus = relu = step = sign = erf = erfc = normal_cdf = tanh
