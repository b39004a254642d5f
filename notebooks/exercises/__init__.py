"""The exercises of the notebooks: `check("1.2", answer, …)` says whether an answer is right, or gives a hint.

An exercise is a function of the reader's answers. It returns a hint where they are wrong, and None where they are right.
What a notebook has made itself is given by keyword, as in `check("6.9", 3, program=program)`. The exercises of each notebook
are a file of this folder, which knows the answers.
"""

import inspect
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import numpy as np

EXERCISES: dict[str, Callable[..., str | None]] = {}


def check(number: str, *answers: object, **given: object) -> None:
    """Print whether `answers` are right for the exercise `number`."""
    if number not in EXERCISES:
        raise KeyError(f"there is no exercise {number!r}; a number is text, such as '1.2'")
    exercise = EXERCISES[number]
    asked = [name for name in inspect.signature(exercise).parameters if name not in given]
    if any(answer is ... for answer in answers):
        print(f"Exercise {number}: put your answer in place of the dots, and run this cell again.")
    elif len(answers) != len(asked):
        print(f"Exercise {number} asks for {len(asked)} answers: {', '.join(asked)}.")
    else:
        print(judged(exercise, answers, given))


def judged(exercise: Callable[..., str | None], answers: tuple[object, ...], given: dict[str, object]) -> str:
    """The sentence about these answers. It replaces the traceback of one that fails, which would show the solution."""
    try:
        hint = exercise(*answers, **given)
    except Exception as error:
        return f"Your answer cannot be tried. {type(error).__name__}: {error}"
    return f"Not yet. {hint}" if hint else "Right."


def exercise(number: str) -> Callable[[Callable[..., str | None]], Callable[..., str | None]]:
    """Enter a function into the list of exercises."""

    def enter(function: Callable[..., str | None]) -> Callable[..., str | None]:
        EXERCISES[number] = function
        return function

    return enter


def fact(number: str, hint: str, **truth: object) -> None:
    """Enter an exercise whose answers are these numbers or words, by their names."""

    def judge(*answers: object) -> str | None:
        pairs = zip(answers, truth.values(), strict=True)
        return None if all(a == t if isinstance(t, str) else near(a, t) for a, t in pairs) else hint

    names = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_ONLY) for name in truth]
    judge.__signature__ = inspect.Signature(names)
    EXERCISES[number] = judge


def near(answer: object, truth: object) -> bool:
    """Whether an answer is right to four digits: nobody has to type more. A 0 is judged beside the numbers around it."""
    answer, truth = np.asarray(answer, float), np.asarray(truth, float)
    if answer.shape != truth.shape:
        return False
    size = np.where(truth == 0, max(abs(truth).max(initial=0.0), 1e-5), abs(truth))
    return bool((abs(answer - truth) <= 1e-4 * size).all())


for path in sorted(Path(__file__).parent.glob("of_*.py")):
    import_module(f"exercises.{path.stem}")
