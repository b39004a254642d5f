"""A glass-box autograd engine: Values that record a graph, and sweeps that differentiate it."""

from importlib.util import find_spec as _find_spec

if _find_spec("autograd.numpy"):
    raise ImportError(
        "this is chainrule's autograd, and the folder it lies in also holds PyPI's autograd (autograd.numpy): "
        "the two mix. Run `pip uninstall autograd chainrule`, then `pip install chainrule`, in this environment"
    )

import autograd.copies
import autograd.makers  # puts the compiled functions on Value
from autograd.arrays import *
from autograd.chain import *
from autograd.check import *
from autograd.ops import *
from autograd.recorded.program import *
from autograd.replaying import *
from autograd.scope import *
from autograd.tape import *
from autograd.transforms import *
from autograd.value import *
