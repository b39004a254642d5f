"""Pictures, tables, formulas and pages of computation graphs.

Of a graph
    draw            a picture: every value and gradient, or a box for each stage
    steps           a page to step through the computation, forward and backward
    check           whether the answers to an exercise of that page are right
    table           the evaluation trace: node, expression, value, derivatives, adjoint
    latex           the formula, and the chain rule line by line
    explain         a gradient as the sum over all paths; without a leaf, every leaf by its gradient and elasticity
    live            a page in which a network learns from its data
    parsed          the Value of an expression that is text

What these give; each shows itself in a notebook and has `save`
    Diagram         the picture: .svg, .png, .html, .dot, .mmd, .pdf
    Steps           the page, or the animation
    Marks           the answers to an exercise
    Live            the page in which a network learns
    Table           the trace, as text, Markdown, HTML or LaTeX
    Formula         the formula or derivation
    Explanation     the paths
    Sensitivity     the leaves

Figures of matplotlib
    boundary        the regions that a model assigns to each class, with the data
    network         units as circles, weights as lines
    history         the loss of every epoch
    activations     activations beside their derivatives
    descent         the path of gradient descent, for several learning rates
"""

from importlib import import_module
from importlib.util import find_spec as _find_spec
from os.path import exists as _exists
from typing import TYPE_CHECKING, Any

if any(
    _exists(f"{folder}/numpy") for folder in getattr(_find_spec("autograd"), "submodule_search_locations", None) or ()
):
    raise ImportError(
        f"{__name__} needs chainrule's autograd, and Python finds another project of this name, to which autograd.numpy "
        "belongs. Where that one has to stay, as on Colab and Kaggle, install chainrule into a folder of its own, "
        "restart the session, and run the second line before any import. CHAINRULE is the folder of a checkout, or an "
        "address of chainrule:\n"
        "    %pip install --target ~/.chainrule CHAINRULE\n"
        '    import os, sys; sys.path.insert(0, os.path.expanduser("~/.chainrule"))'
    )

if TYPE_CHECKING:
    from viz.expression import parsed
    from viz.page.exercise import Marks, check
    from viz.page.live import Live, live
    from viz.page.steps import Steps, steps
    from viz.picture.diagram import Diagram, draw
    from viz.plots import activations, boundary, descent, history, network
    from viz.text.formula import Formula, latex
    from viz.text.leaves import Sensitivity
    from viz.text.paths import Explanation, explain
    from viz.text.trace import Table, table

# fmt: off
__all__ = [
    "Diagram", "Explanation", "Formula", "Live", "Marks", "Sensitivity", "Steps", "Table", "activations", "boundary", "check",
    "descent", "draw", "explain", "history", "latex", "live", "network", "parsed", "steps", "table",
]
# fmt: on

# Where each name lives: a module is loaded when it is first used, so that importing viz costs next to nothing.
_HOMES = {
    "picture.diagram": ("Diagram", "draw"),
    "expression": ("parsed",),
    "text.formula": ("Formula", "latex"),
    "text.leaves": ("Sensitivity",),
    "text.paths": ("Explanation", "explain"),
    "plots": ("activations", "boundary", "descent", "history", "network"),
    "page.exercise": ("Marks", "check"),
    "page.live": ("Live", "live"),
    "page.steps": ("Steps", "steps"),
    "text.trace": ("Table", "table"),
}


def __getattr__(name: str) -> Any:
    for module, names in _HOMES.items():
        if name in names:
            found = globals()[name] = getattr(import_module(f"viz.{module}"), name)
            return found
    raise AttributeError(f"module 'viz' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, *(name for name in globals() if name.startswith("__"))]
