"""The table of this lecture: one claim per formula, in the order of its slides, as printed in the transcription at hand.

Slides are numbered as the lecture itself refers to them (its quizzes name 12 and 24), the title page being the first.
"""

from __future__ import annotations

from tests.lecture.appendix import APPENDIX
from tests.lecture.graph import SIX
from tests.lecture.single_layer import ONE_UNIT, SEVERAL_UNITS
from tests.lecture.two_layers import TWO

LECTURE = [*ONE_UNIT, *SEVERAL_UNITS, *TWO, *SIX, *APPENDIX]
