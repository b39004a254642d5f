"""Pictures of a graph: a kind of picture is a file that makes a scene (`cards`, `stages`), which `draw` has painted."""
