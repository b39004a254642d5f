"""Pictures and tables of computation graphs."""

from viz.diagram import Diagram, draw

__all__ = ["Diagram", "draw"]
