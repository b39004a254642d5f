"""Speed and memory beside other engines', on the same work in one run: `python -m tests.bench`.

Loss and gradient of all participants must agree before anything is timed. Each participant runs in a process of its
own on one core, and they are measured in turn, round after round. Times are medians; machines are noisy, so read the
ratios. The first run makes an environment for the peers; one that cannot be installed is named as skipped.
"""

import argparse
import os
import platform
import statistics
import subprocess
import sys
from pathlib import Path

import numpy as np

from tests.bench.environment import clean, participants
from tests.bench.goals import GOALS
from tests.bench.work import EPOCHS, LENGTH, POINTS

BUDGET = 0.2  # seconds of a participant's turn
LIMIT = 20.0  # seconds: a combination that would take longer is left out
TOLERANCE = 1e-9
ROWS = [10**k for k in range(7)]
NODES = [10**k for k in range(3, 7)]
RECORDED = {  # the line of the table: (participant, task)
    "chainrule": ("chainrule", "step"),
    "chainrule in C": ("chainrule", "step in C"),
    "chainrule, `backward` and SGD": ("chainrule", "backward"),
    "NumPy by hand": ("NumPy", "step"),
    "PyTorch": ("PyTorch", "step"),
    "JAX jit": ("JAX", "step"),
    "HIPS autograd": ("HIPS autograd", "step"),
    "CasADi": ("CasADi", "step"),
    "micrograd": ("micrograd", "step"),
}
IMPORT = "import time, numpy; t = time.perf_counter(); import autograd, nn, viz; print(time.perf_counter() - t)"


class Bench:
    """The participants that are present, and how often they are measured."""

    def __init__(self, present, rounds):
        self.present, self.rounds = present, rounds

    def entrants(self, lines):
        """Those of {line: (participant, task)} that are present."""
        return {line: (self.present[name], task) for line, (name, task) in lines.items() if name in self.present}

    def agree(self, entrants, size):
        """Raise ValueError where loss or gradient of two entrants differ; makes and compiles the work beside."""
        numbers = {line: np.array(who.ask("numbers", task, size)) for line, (who, task) in entrants.items()}
        (first, expected), *others = numbers.items()
        for line, got in others:
            for what, part in (("loss", slice(0, 1)), ("gradient", slice(1, None))):
                error = abs(got[part] - expected[part]).max() / abs(expected[part]).max()
                if not error <= TOLERANCE:
                    raise ValueError(
                        f"{line} differs from {first} in the {what} by {error:.1e} of it, at size {size:,}"
                    )

    def times(self, entrants, size):
        """The median seconds of every entrant, measured in turn."""
        print(f"measuring {', '.join(entrants)}: {size:,}", file=sys.stderr)
        turns = [
            {line: who.ask("seconds", task, size, BUDGET) for line, (who, task) in entrants.items()}
            for _ in range(self.rounds)
        ]
        return {line: statistics.median(turn[line] for turn in turns) for line in entrants}

    def compare(self, task, size, names):
        """The median seconds of the participants at a task, once their numbers agree."""
        entrants = self.entrants({name: (name, task) for name in names})
        self.agree(entrants, size)
        return self.times(entrants, size)

    def alone(self, task, size):
        """The median seconds of our own task."""
        return self.times(self.entrants({task: ("chainrule", task)}), size)[task]

    def ladder(self, lines, sizes):
        """{size: {line: median seconds}}, without the lines that would take too long."""
        taken = {}
        for size in sizes:
            entrants = {line: who for line, who in self.entrants(lines).items() if self.affordable(line, size, taken)}
            self.agree(entrants, size)
            taken[size] = self.times(entrants, size)
        return taken

    def affordable(self, line, size, taken):
        """Whether a line, as slow a row as it was on fewer, is measured within the limit; micrograd is, on its demo."""
        if line == "micrograd":
            return size == POINTS
        before = [(n, times.get(line)) for n, times in taken.items()]
        n, time = before[-1] if before else (size, 0.0)
        return time is not None and time * size / n * (self.rounds + 1) < LIMIT


# --- what is measured: each prints its table, and gives the figures that have a floor or a goal ------------------------


def eager(bench):
    names = ["chainrule", "micrograd", "PyTorch"]
    chain = {name: t / LENGTH for name, t in bench.compare("chain", LENGTH, names).items()}
    demo = bench.compare("demo", POINTS, names[:2])
    memory = {name: bench.present[name].ask("bytes", "chain", LENGTH) / LENGTH for name in demo}
    table(
        ["work", *names],
        [f"chain of {LENGTH:,} × and +, forward and backward, a node", *cells(chain, names)],
        [f"training step of micrograd's demo: MLP 2-16-16-1, {POINTS} points, hinge and L2", *cells(demo, names)],
        ["memory of a node", *cells(memory, names, lambda x: f"{x:.0f} bytes")],
    )
    if "micrograd" not in bench.present:
        return {}
    ratios = {"chain": chain, "demo": demo, "memory": memory}
    over = {name: values["micrograd"] / values["chainrule"] for name, values in ratios.items()}
    return {"chain": 1 / over["chain"], "demo": over["demo"], "memory": 1 / over["memory"]}


def growth(bench):
    tasks = {"off": "chain, collector off", "on": "chain"}
    lines = {switch: ("chainrule", task) for switch, task in tasks.items()}
    taken = {n: bench.times(bench.entrants(lines), n) for n in NODES}
    cost = {switch: {n: taken[n][switch] / n for n in NODES} for switch in tasks}
    table(
        ["cost of a node in a chain of", *(f"{n:,}" for n in NODES)],
        *([f"collector {switch}", *(duration(cost[switch][n]) for n in NODES)] for switch in tasks),
    )
    return {f"growth {switch}": max(cost[switch].values()) / min(cost[switch].values()) for switch in tasks}


def recorded(bench, rows):
    lines = bench.entrants(RECORDED)
    taken = bench.ladder(RECORDED, rows)
    columns = [cells(taken[n], lines) for n in rows]
    table(
        ["the same step, recorded; rows", *(f"{n:,}" for n in rows)],
        *([line, *texts] for line, *texts in zip(lines, *columns, strict=True)),
    )
    print(f"“–”: left out, micrograd but for its demo's {POINTS} points, others where they take over {LIMIT:.0f} s.\n")
    return recorded_figures(taken)


def recorded_figures(taken):
    """The ratios that have a floor or a goal, from {rows: {line: seconds}}."""
    figures = {}
    for line, (name, _) in RECORDED.items():
        ratios = {n: times[line] / times["chainrule"] for n, times in taken.items() if line in times}
        if name == "NumPy":
            spans = {span: [1 / r for n, r in ratios.items() if holds(n)] for span, holds in SPANS.items()}
            figures |= {f"by hand {span}": max(values) for span, values in spans.items() if values}
        elif line == "chainrule in C":
            hand = {n: times.get("NumPy by hand") for n, times in taken.items()}
            figures |= {
                f"C {n:,}": times[line] / hand[n]
                for n, times in taken.items()
                if line in times and hand[n] and n in (100, 1000, 10_000)
            }
            ahead = [times["JAX jit"] / times[line] for n, times in taken.items() if "JAX jit" in times and n > 1]
            figures |= {"C before JAX": min(ahead)} if ahead else {}
        elif name != "chainrule":
            values = [r for n, r in ratios.items() if n >= POINTS]
            figures |= {name: min(values)} if values else {}
    return figures


def networks(bench):
    """The demo with other activations, in NumPy and in C beside NumPy by hand."""
    figures, lines = {}, []
    for name in ("tanh", "sigmoid"):
        who = {
            "by hand": ("NumPy", f"step, {name}"),
            "chainrule": ("chainrule", f"step, {name}"),
            "C": ("chainrule", f"step, {name}, in C"),
        }
        taken = bench.ladder(who, [100, 1000, 10_000])
        lines += [[f"{name}: {line}", *(duration(times[line]) for times in taken.values())] for line in who]
        for n, times in taken.items():
            figures |= {
                f"{name} {n:,}": times["chainrule"] / times["by hand"],
                f"{name} {n:,} C": times["C"] / times["by hand"],
            }
    table(["the step with another activation; rows", "100", "1,000", "10,000"], *lines)
    return figures


def other_shapes(bench):
    """A recurrence and a convolution, beside NumPy by hand."""
    figures, lines = {}, []
    for name, sizes in {"recurrence": [100, 1000], "convolution": [100, 1000]}.items():
        who = {"by hand": ("NumPy", name), "chainrule": ("chainrule", name), "C": ("chainrule", f"{name} in C")}
        taken = bench.ladder(who, sizes)
        lines += [[f"{name}: {line}", *(duration(times[line]) for times in taken.values())] for line in who]
        for n, times in taken.items():
            figures |= {f"{name} {n:,}": times["chainrule"] / times["by hand"]}
            figures |= {f"{name} {n:,} C": times["C"] / times["by hand"]}
    table(["a cell of 8 units met 100 times; 4 kernels over 12 × 12; rows", "100", "1,000"], *lines)
    return figures


def training(bench):
    """A step of training on the demo's points, by `fit` and by hand."""
    lines = {task: ("chainrule", task) for task in ("fit", "fit in C", "backward", "backward in C")}
    times = bench.times(bench.entrants(lines), POINTS)
    times |= {task: times[task] / EPOCHS for task in ("fit", "fit in C")}
    table(["a step of training, 100 points", *lines], ["time", *(duration(times[task]) for task in lines)])
    return {f"a step by {task}": 1e6 * t for task, t in times.items()}


SPANS = {"100": lambda n: n == POINTS, "1e3": lambda n: n >= 1000, "1e4": lambda n: n >= 10_000}


def whole(bench):
    lines = {"chainrule": ("chainrule", "whole"), "in C": ("chainrule", "whole in C"), "CasADi": ("CasADi", "whole")}
    entrants = bench.entrants(lines)
    bench.agree(entrants, POINTS)
    times = bench.times(entrants, POINTS)
    table(["work", *entrants], [f"the step on {POINTS} points as one graph without rows", *cells(times, entrants)])
    if "CasADi" not in times:
        return {}
    return {"whole": times["CasADi"] / times["chainrule"], "whole in C": times["CasADi"] / times["in C"]}


def gpts(bench):
    """The GPT, one name after the other and many at once."""
    lines, sizes = {"NumPy": ("chainrule", "gpt"), "C": ("chainrule", "gpt in C")}, (1, 32, 256)
    taken = {n: bench.times(bench.entrants(lines), n) for n in sizes}
    each = {line: {n: 1e6 * taken[n][line] / n for n in sizes} for line in lines}
    table(
        ["a name of the GPT; names at once", *map(str, sizes)],
        *([line, *(duration(taken[n][line] / n) for n in sizes)] for line in lines),
    )
    figures = {
        "gpt 1": each["NumPy"][1],
        "gpt 32": each["NumPy"][32],
        "gpt in C": each["C"][32],
        "gpt 1 in C": each["C"][1],
    }
    figures["gpt grows"] = each["NumPy"][256] / each["NumPy"][32]
    return figures | {"gpt recorded": 1e3 * bench.alone("gpt recorded", 1)}


def ours_alone(bench):
    """`record`, drawing and importing, in milliseconds."""
    figures = {
        task: bench.alone(task, size)
        for task, size in (("record", 1), ("record and run", 1), ("compile", 1), ("draw", 200))
    }
    environment = clean(PYTHONPATH=str(Path(__file__).parents[2]))
    command = [sys.executable, "-c", IMPORT]
    times = [float(subprocess.check_output(command, env=environment)) for _ in range(2 * bench.rounds + 1)]
    figures["import"] = statistics.median(times)
    return {name: 1e3 * seconds for name, seconds in figures.items()}


# --- printing ----------------------------------------------------------------------------------------------------------


def table(head, *lines):
    """A Markdown table, its columns as wide as what stands in them."""
    widths = [max(map(len, column)) for column in zip(head, *lines, strict=True)]
    rule = ["-" * widths[0], *("-" * (w - 1) + ":" for w in widths[1:])]
    for line in (head, rule, *lines):
        padded = [line[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(line[1:], widths[1:], strict=True))]
        print(f"| {' | '.join(padded)} |")
    print(flush=True)


def cells(values, names, show=None):
    """A cell for each name, with the ratio to ours in brackets; a dash where there is no value."""
    first = values["chainrule"]
    texts = {name: (show or duration)(x) for name, x in values.items()}
    ratios = {name: "" if name == "chainrule" else f" ({number(x / first)} ×)" for name, x in values.items()}
    return [texts[name] + ratios[name] if name in values else "–" for name in names]


def duration(seconds):
    scale, unit = next((s, u) for s, u in ((1, "s"), (1e-3, "ms"), (1e-6, "µs"), (0, "ns")) if seconds >= s)
    return f"{number(seconds / (scale or 1e-9))} {unit}"


def number(x):
    return f"{x:,.0f}" if abs(x) >= 99.95 else f"{x:.3g}"


def verdicts(figures):
    """Figures beside their floors and goals."""
    lines = []
    for key, x in figures.items():
        figure, side, floor, goal, unit = GOALS[key]
        bounds = ["–" if bound is None else f"{side} {number(bound)} {unit}" for bound in (floor, goal)]
        lines.append([figure, f"{number(x)} {unit}", *bounds, verdict(x, side, floor, goal)])
    if lines:
        table(["figure", "here", "floor", "goal", "verdict"], *lines)


def verdict(x, side, floor, goal):
    """Which of the bounds holds."""
    if floor is None and goal is None:
        return "–"
    holds = [bound is None or (x <= bound if side == "≤" else x >= bound) for bound in (floor, goal)]
    if not holds[0]:
        return "floor missed"
    if goal is None:
        return "floor held"
    return "goal reached" if holds[1] else "goal missed" if floor is None else "floor held"


def machine(present, skipped):
    """What was measured on, and with."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    peers = [f"{name} {who.version}" for name, who in present.items() if name not in ("chainrule", "NumPy")]
    print(f"{cores} cores ({platform.machine()}, {processor()}), one of them used; Python {platform.python_version()},")
    print(f"{', '.join([f'NumPy {np.__version__}', *peers])}.")
    print("Default garbage collector, 64-bit floats. In brackets: the time or memory over chainrule's.")
    for name, reason in skipped.items():
        print(f"Skipped: {name}: {reason}")
    print(flush=True)


def processor():
    """The processor's model, as far as the system tells."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or "model unknown"


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer rounds, and rows up to 10,000")
    parser.add_argument("--rows", type=int, metavar="N", help="rows up to N")
    options = parser.parse_args()
    most = options.rows or (10_000 if options.quick else ROWS[-1])
    present, skipped = participants()
    bench = Bench(present, rounds=3 if options.quick else 7)
    machine(present, skipped)
    topics = (
        eager,
        growth,
        lambda bench: recorded(bench, [n for n in ROWS if n <= most]),
        networks,
        other_shapes,
        training,
        whole,
        gpts,
        ours_alone,
    )
    for topic in topics:
        verdicts(topic(bench))
    for participant in present.values():
        participant.close()


if __name__ == "__main__":
    main()
