"""Where the participants run: the peers' own environment, made once, and a process for each participant."""

import json
import os
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).parent
FOLDER = HERE / ".peers"  # apart from ours: HIPS autograd shares our import name
PYTHON = FOLDER / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

# What a peer is called, and what pip installs for it.
PEERS = {
    "micrograd": "micrograd",
    "PyTorch": "torch==2.13.0",
    "JAX": "jax",
    "HIPS autograd": "autograd",
    "CasADi": "casadi",
}

INSTALLED = """
import json
from importlib.metadata import distributions
print(json.dumps({d.name.lower(): d.version for d in distributions()}))
"""


def clean(**extra):
    """The environment variables of a participant: one thread, and nothing of ours on the path unless it is given."""
    threads = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    flags = {"XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false", "JAX_PLATFORMS": "cpu"}
    return kept | dict.fromkeys(threads, "1") | flags | extra


def run(*command):
    """What the peers' Python prints; CalledProcessError where it fails."""
    process = subprocess.run([PYTHON, *command], capture_output=True, text=True, env=clean(), check=True)
    return process.stdout


def make():
    """The peers' environment with what can be installed into it: {peer: why it is not there} of the others."""
    try:
        run("-m", "pip", "--version")
    except (OSError, subprocess.CalledProcessError):
        venv.create(FOLDER, clear=True, with_pip=True)
    install("numpy")
    reasons = {peer: install(requirement) for peer, requirement in PEERS.items()}
    return {peer: reason for peer, reason in reasons.items() if reason}


def install(requirement):
    """Install one package unless it is there; the reason where it cannot be, in a line."""
    name, _, wanted = requirement.partition("==")
    there = json.loads(run("-c", INSTALLED)).get(name)
    if there and wanted in ("", there.partition("+")[0]):
        return None
    print(f"installing {requirement} for the comparison", file=sys.stderr)
    try:
        run("-m", "pip", "install", "--quiet", "--disable-pip-version-check", requirement)
    except subprocess.CalledProcessError as error:
        lines = [line for line in error.stderr.splitlines() if line.startswith("ERROR")]
        return (lines or [f"pip ended with code {error.returncode}"])[-1].removeprefix("ERROR: ")
    return None


class Unavailable(Exception):
    """A participant that cannot take part, and why."""


class Participant:
    """A participant's process, which makes its tasks and measures them on request."""

    def __init__(self, name, command, **environment):
        self.name = name
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=clean(**environment),
        )
        try:
            hello = self.reply()
        except RuntimeError as error:
            raise Unavailable(str(error)) from None
        if "error" in hello:
            raise Unavailable(hello["error"])
        self.version, self.tasks = hello["version"], hello["tasks"]

    def ask(self, measure, task, size, budget=0.0):
        """What the process answers about a task."""
        print(json.dumps([measure, task, size, budget]), file=self.process.stdin, flush=True)
        return self.reply()

    def reply(self):
        """The next line of the process; RuntimeError where it has ended instead."""
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the process of {self.name} ended with code {self.process.wait()}")
        return json.loads(line)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def ours():
    return Participant("chainrule", [sys.executable, HERE / "ours.py"], PYTHONPATH=str(HERE.parents[1]))


def participants():
    """({name: Participant}, {name: why it is skipped}): ours, NumPy by hand in our Python, and the peers in theirs."""
    present, skipped = {"chainrule": ours()}, make()
    commands = {"NumPy": sys.executable} | {peer: PYTHON for peer in PEERS if peer not in skipped}
    for name, python in commands.items():
        try:
            present[name] = Participant(name, [python, HERE / "peers.py", name])
        except Unavailable as error:
            skipped[name] = str(error)
    return present, skipped
