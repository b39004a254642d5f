"""`python -m viz`: train the lecture's network and walk one example through f1…f6; train a GPT; or show an expression."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

import nn
import viz
from autograd import array, grads, named, softmax, values
from autograd.refusals import ERRORS
from nn import gpt
from nn.datasets import Examples, from_csv
from viz import expression
from viz.picture.diagram import LEGIBLE

HIDDEN, EPOCHS, LEARNING_RATE, SAMPLES = 5, 200, 1.0, 24


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """One line and exit code 2, without the usage."""
        self.exit(2, f"{self.prog}: {message} (see --help)\n")


def _whole(low: int) -> Any:
    def read(text: str) -> int:
        if not text.isdecimal() or int(text) < low:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least {low}")
        return int(text)

    return read


# fmt: off
OPTIONS: dict[str, dict[str, Any]] = {  # of the main job
    "--target":           {"metavar": "COLUMN", "help": "of DATA.csv, the column that holds the classes"},
    "--example --flower": {"metavar": "N", "type": _whole(0), "help": "which example to walk, from 0 (default: a flower, 70)"},
    "--seed":             {"type": _whole(0), "default": 0, "help": "of the initial weights (default 0)"},
    "--out":              {"type": Path, "default": Path(), "help": "folder for the pictures (default: this one)"},
    "--live":             {"action": "store_true", "help": "write a page in which the network learns (default: learning.html)"},
    "--gpt":              {"action": "store_true", "help": "train a GPT on first names, letter by letter, and print names that it makes up"},
    "--seconds":          {"metavar": "N", "type": _whole(1), "default": 15, "help": "of the GPT's training (default 15); Ctrl-C ends it"},
}
# fmt: on


def _parser() -> _Parser:
    parser = _Parser(
        prog="python -m viz",
        usage="python -m viz [DATA.csv --target COLUMN] [--example N] [--seed N] [--out FOLDER]\n"
        "       python -m viz --live [DATA.csv --target COLUMN] [--seed N] [-o FILE]\n"
        "       python -m viz --gpt [--seconds N] [--seed N]\n"
        "       python -m viz EXPR name=value ... [-o FILE] [--table | --latex | --steps] [--theme THEME]",
        description="Without an expression, the main job: train the lecture's network (5 sigmoid hidden units, softmax) on "
        "the 150 Iris flowers, or on a CSV file of your own. Then walk one example through f1…f6 and back, and draw its "
        "computation graph with every gradient, as six stages, f1-f6-stages.svg, and value by value if it is small enough to "
        "be read, f1-f6.svg, with a .png of each. With an expression of arithmetic and this library's functions, and a number for each of its names: compute "
        "and differentiate it, and show every value, local derivative and gradient, as a table or as a picture.",
    )
    job = parser.add_argument_group("the main job")
    for flags, how in OPTIONS.items():
        job.add_argument(*flags.split(), **how)
    expression.add_options(parser)
    return parser


def _expression(parser: _Parser, arguments: argparse.Namespace) -> None:
    own = [flags.split()[0] for flags in OPTIONS]
    if any(getattr(arguments, name[2:]) != parser.get_default(name[2:]) for name in own):
        parser.error(
            f"{', '.join(own[:-1])} and {own[-1]} are for the main job, which takes no expression: a file of data "
            "is called data.csv, and its pictures go into the folder of --out"
        )
    print(expression.run(arguments))


def _data(arguments: argparse.Namespace) -> Examples:
    """The flowers, or the examples of the reader's own file; ValueError for a file that does not fit."""
    if not arguments.words:
        if arguments.target:
            raise ValueError("--target is a column of a file of your own: python -m viz data.csv --target COLUMN")
        return from_csv(Path(nn.__file__).parent / "data" / "iris.csv", "species")
    (path,) = arguments.words
    if arguments.target is None:
        raise ValueError(f"which column of {path} holds the classes? Add --target COLUMN")
    return from_csv(path, arguments.target)


def _standard(data: Examples) -> Any:
    """The numbers in standard deviations from the mean of their column; ValueError for a column that does not vary."""
    alike = (data.X[0] == data.X).all(axis=0)  # where all are 0.1 their deviation is no 0, but a rounding error
    if alike.any():
        raise ValueError(f"the column {data.columns[alike.argmax()]!r} holds one number in all lines: leave it out")
    with np.errstate(over="ignore"):
        deviation = data.X.std(axis=0)
    if not np.isfinite(deviation).all():
        raise ValueError(f"the column {data.columns[deviation.argmax()]!r} is too large: its squares leave the floats")
    return (data.X - data.X.mean(axis=0)) / deviation


def _network(X: Any, Y: Any, seed: int) -> nn.MLP:  # noqa: N803  # the field's names for data
    return nn.MLP(X.shape[1], [HIDDEN, int(Y.max()) + 1], rng=seed)


def _live(data: Examples, X: Any, arguments: argparse.Namespace) -> None:  # noqa: N803
    """The page in which the network learns."""
    model = _network(X, data.Y, arguments.seed)
    descent = nn.SGD(model.parameters(), LEARNING_RATE)
    page = viz.live(model, X, data.Y, nn.cross_entropy, descent, columns=data.columns, classes=data.classes)
    print(f"wrote {page.save(arguments.file or 'learning.html')}")


def _gpt(arguments: argparse.Namespace) -> None:
    """The GPT: its training, and names that it makes up."""
    names, weights = nn.datasets.names(), gpt.parameters(arguments.seed)
    losses = gpt.trained(weights, names, arguments.seconds, arguments.seed)
    made = [gpt.sampled(weights, seed) for seed in range(SAMPLES)]
    steps = f"After {len(losses)} steps, from {len(names)} first names"
    print(f"{steps}, it makes up these. {len(set(made) - set(names))} of {SAMPLES} are in no line of its data.\n")
    for k in range(0, SAMPLES, 8):
        print("  " + "".join(f"{name.capitalize():14}" for name in made[k : k + 8]).rstrip())


def _train(X: Any, Y: Any, seed: int) -> nn.MLP:  # noqa: N803
    """Gradient descent on the mean cross-entropy over all examples."""
    model = _network(X, Y, seed)
    nn.fit(model, X, Y, nn.cross_entropy, nn.SGD(model.parameters(), LEARNING_RATE), EPOCHS)
    return model


def _walk(model: nn.MLP, x: Any, c: int) -> Any:
    """One example through f1…f6 and back; prints every intermediate and every gradient, and returns L."""
    first, second = model.layers
    W1, w10 = named("W1", first.w), named("w10", first.b)  # noqa: N806  # the lecture's names
    W2, w20 = named("W2", second.w), named("w20", second.b)  # noqa: N806
    model.zero_grad()
    chain = nn.lecture_chain(W1, w10, W2, w20, c)
    x = array(x, "x", "input")
    L = chain(x)  # noqa: N806
    L.backward()
    print("\nForward")
    _show("x", x)
    for stage in chain.stages[:-1]:
        _show(stage.output[0].scope.formula, stage.output, stage.name)
    x6 = chain.stages[-1].input
    _show("ŷ = softmax(x6)", softmax(x6))
    _show(f"L = −log ŷ[{c}]", L, "f6")
    print("\nBackward")
    y = nn.one_hot(c, len(x6))
    _show("ŷ − y", values(softmax(x6)) - y)
    _show("∂L/∂x6 = ŷ − y", grads(x6))
    for name, parameter in (("w20", w20), ("W2", W2), ("w10", w10), ("W1", W1)):
        _show(f"∂L/∂{name}", grads(parameter))
    return L


def _show(what: str, numbers: Any, stage: str = "") -> None:
    text = np.array2string(values(numbers), precision=6, prefix=" " * 24, max_line_width=110)
    print(f"  {stage:3} {what:17} {text}")


def main(argv: Sequence[str] | None = None) -> int:
    """Show an expression if there is one, else run the main job; returns the exit code, which is 2 after an error."""
    parser = _parser()
    words = sys.argv[1:] if argv is None else argv
    # An expression may begin with a minus: a space before it keeps it from being taken for an option.
    arguments = parser.parse_intermixed_args([f" {w}" if re.match(r"-(?![-oh]|[\d.]*$)", w) else w for w in words])
    try:
        _run(parser, arguments)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader, such as `head`, has read enough: there is nothing to say
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        parser.exit(2, f"{parser.prog}: cannot use {error.filename}: {error.strerror}\n")
    except (*ERRORS, ImportError) as error:
        parser.exit(2, f"{parser.prog}: {' '.join(str(error).split())}\n")
    return 0


def _run(parser: _Parser, arguments: argparse.Namespace) -> None:
    own = len(arguments.words) == 1 and arguments.words[0].lower().endswith(".csv")
    other = arguments.file and not arguments.live
    if (arguments.words and not own) or other or arguments.kind or arguments.theme:
        return _expression(parser, arguments)
    if arguments.gpt and (own or arguments.live):
        parser.error("--gpt trains on the first names of this package: it takes no file of data, and no --live")
    if arguments.gpt:
        return _gpt(arguments)
    data = _data(arguments)
    X = _standard(data)  # noqa: N806
    if arguments.live and arguments.example is not None:
        parser.error("--live has the graph of every example: choose one in the page, without --example")
    if arguments.live:
        return _live(data, X, arguments)
    if arguments.example is None:
        arguments.example = 0 if own else 70
    if arguments.example >= len(X):
        parser.error(f"--example {arguments.example}: the examples are 0 to {len(X) - 1}")
    arguments.out.mkdir(parents=True, exist_ok=True)
    return _job(data, X, arguments)


def _job(data: Examples, X: Any, arguments: argparse.Namespace) -> None:  # noqa: N803
    model = _train(X, data.Y, arguments.seed)
    what = "flower" if not arguments.words else "example"
    right = round(nn.accuracy(model, X, data.Y) * len(X))
    print(f"{model}: {right} of {len(X)} {what}s right ({right / len(X):.1%}); it was trained on these")
    k = arguments.example
    c = int(data.Y[k])
    columns = ", ".join(data.columns)
    print(f"\n{what.capitalize()} {k}, {data.classes[c]}, in standard deviations from the mean: {columns}")
    L = _walk(model, X[k], c)  # noqa: N806
    chosen = int(nn.predict(model, X[k : k + 1]).argmax())
    verdict = "rightly" if chosen == c else "wrongly"
    print(f"\nThe network takes it for {data.classes[chosen]}, {verdict}.\n")
    pictures = {"f1-f6-stages": viz.draw(L, detail="stages"), "f1-f6": viz.draw(L, detail="values")}
    if pictures["f1-f6"].smallest < LEGIBLE:
        values = pictures.pop("f1-f6").scene.total
        print(f"f1-f6.svg, value by value, is left out: {values} values would be too small to be read.")
    for name, picture in pictures.items():
        for suffix in (".svg", ".png"):
            try:
                path = picture.save(arguments.out / (name + suffix))
            except ImportError as error:  # no renderer for this platform
                print(f"{name}{suffix} is left out: {error}")
            else:
                print(f"wrote {path}")


if __name__ == "__main__":
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal or a pipe may know no ∂
    sys.exit(main())
