"""Pictures and tables of computation graphs."""

from viz.diagram import Diagram, draw
from viz.table import Table, table

__all__ = ["Diagram", "Table", "draw", "table"]
