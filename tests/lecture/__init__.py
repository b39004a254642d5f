"""The lecture's formulas as claims, and their check: `python -m tests.lecture`. The checker itself is `nn.sheet`."""

from nn.sheet import Claim, Finding, Report, check, derivative, draws, each, read

__all__ = ["Claim", "Finding", "Report", "check", "derivative", "draws", "each", "read"]
