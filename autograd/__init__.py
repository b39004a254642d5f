"""A glass-box autograd engine: Values that record a graph, and sweeps that differentiate it."""

from autograd.arrays import (
    Array as Array,
)
from autograd.arrays import (
    array as array,
)
from autograd.arrays import (
    assign as assign,
)
from autograd.arrays import (
    constant as constant,
)
from autograd.arrays import (
    grads as grads,
)
from autograd.arrays import (
    named as named,
)
from autograd.arrays import (
    values as values,
)
from autograd.arrays import (
    zero_grad as zero_grad,
)
from autograd.chain import Chain as Chain
from autograd.check import check_grad as check_grad
from autograd.ops import (
    Op as Op,
)
from autograd.ops import (
    absolute as absolute,
)
from autograd.ops import (
    arctan as arctan,
)
from autograd.ops import (
    cos as cos,
)
from autograd.ops import (
    dot as dot,
)
from autograd.ops import (
    exp as exp,
)
from autograd.ops import (
    expm1 as expm1,
)
from autograd.ops import (
    leaky_relu as leaky_relu,
)
from autograd.ops import (
    log as log,
)
from autograd.ops import (
    log1p as log1p,
)
from autograd.ops import (
    log_sigmoid as log_sigmoid,
)
from autograd.ops import (
    log_softmax as log_softmax,
)
from autograd.ops import (
    logsumexp as logsumexp,
)
from autograd.ops import (
    maximum as maximum,
)
from autograd.ops import (
    minimum as minimum,
)
from autograd.ops import (
    neg_log_softmax as neg_log_softmax,
)
from autograd.ops import (
    relu as relu,
)
from autograd.ops import (
    sigmoid as sigmoid,
)
from autograd.ops import (
    sin as sin,
)
from autograd.ops import (
    softmax as softmax,
)
from autograd.ops import (
    softplus as softplus,
)
from autograd.ops import (
    sqrt as sqrt,
)
from autograd.ops import (
    step as step,
)
from autograd.ops import (
    sum as sum,
)
from autograd.ops import (
    tan as tan,
)
from autograd.ops import (
    tanh as tanh,
)
from autograd.ops import (
    where as where,
)
from autograd.scope import scope as scope
from autograd.tape import (
    replay as replay,
)
from autograd.tape import (
    wengert_list as wengert_list,
)
from autograd.transforms import (
    grad as grad,
)
from autograd.transforms import (
    gradients as gradients,
)
from autograd.transforms import (
    hessian as hessian,
)
from autograd.transforms import (
    hvp as hvp,
)
from autograd.transforms import (
    jacobian as jacobian,
)
from autograd.transforms import (
    jvp as jvp,
)
from autograd.transforms import (
    value_and_grad as value_and_grad,
)
from autograd.transforms import (
    vjp as vjp,
)
from autograd.value import Value as Value
