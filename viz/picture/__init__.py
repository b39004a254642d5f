"""Pictures of a graph: `cards` and `stages` are the two kinds; each makes a scene, which is laid out and painted."""
