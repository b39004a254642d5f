"""Pictures and tables of computation graphs."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from viz.expression import parsed as parsed
    from viz.page.steps import Steps as Steps, steps as steps
    from viz.picture.diagram import Diagram as Diagram, draw as draw
    from viz.plots import activations as activations, boundary as boundary, descent as descent, history as history
    from viz.text.formula import Formula as Formula, latex as latex
    from viz.text.paths import Explanation as Explanation, explain as explain
    from viz.text.trace import Table as Table, table as table

# Where each name lives: a module is loaded when it is first used, so that importing viz costs next to nothing.
_HOMES = {
    "picture.diagram": ("Diagram", "draw"),
    "expression": ("parsed",),
    "text.formula": ("Formula", "latex"),
    "text.paths": ("Explanation", "explain"),
    "plots": ("activations", "boundary", "descent", "history"),
    "page.steps": ("Steps", "steps"),
    "text.trace": ("Table", "table"),
}
__all__ = [name for names in _HOMES.values() for name in names]


def __getattr__(name: str) -> Any:
    for module, names in _HOMES.items():
        if name in names:
            found = globals()[name] = getattr(import_module(f"viz.{module}"), name)
            return found
    raise AttributeError(f"module 'viz' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *__all__]
