"""Measurements are run by hand: pytest collects nothing here, and peers.py imports what its own environment has."""

collect_ignore_glob = ["*.py"]
