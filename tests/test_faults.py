"""Faults from outside: killed processes, full disks, read-only folders, forks, threads, consoles: all or nothing, and one
clear error.
"""

import copy
import os
import pickle
import signal
import stat
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import nn
from autograd import Value, array, assign, exp, grad, gradients, grads, record, value_and_grad, values
from autograd.files import written

ROOT = Path(__file__).parents[1]
X, Y = nn.datasets.two_moons(20, seed=0)
posix = pytest.mark.skipif(os.name != "posix", reason="as POSIX has it")
AS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0


def network(seed=0):
    return nn.MLP(2, [3, 1], "tanh", rng=seed)


def program(model):
    return record(lambda x, y: nn.mse(model(x), y), X[0], Y[0])


def child(code, *options, env=(), stderr=subprocess.PIPE):
    """Run Python code in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **dict(env)}
    with tempfile.TemporaryDirectory() as folder:
        (script := Path(folder) / "script.py").write_text(textwrap.dedent(code), encoding="utf-8")
        command = [sys.executable, *options, str(script)]
        return subprocess.run(command, env=environment, stdout=-1, stderr=stderr, text=True, check=False, timeout=120)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


# --- saving -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rounds", [10, pytest.param(60, marks=pytest.mark.slow)])
def test_threads_that_save_at_once_never_fail_and_readers_see_whole_files(rounds, tmp_path):
    path, done, failed = tmp_path / "model.npz", threading.Event(), []
    models = [nn.Neuron(3, bias=False, rng=seed) for seed in range(8)]
    saved = {tuple(values(model.w)) for model in models}
    models[0].save(path)

    def read():
        reader = nn.Neuron(3, bias=False)
        while not done.is_set():
            try:
                assert tuple(values(reader.load(path).w)) in saved
            except Exception as error:
                failed.append(error)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for thread in readers:
        thread.start()
    with ThreadPoolExecutor(8) as pool:
        for result in [pool.submit(model.save, path) for model in models for _ in range(rounds)]:
            assert result.result() == path
    done.set()
    for thread in readers:
        thread.join()
    assert failed == []
    assert names(tmp_path) == ["model.npz"]


SAVING = """
    import sys
    import numpy as np, nn
    from autograd import assign
    model = nn.Neuron(2000, bias=False)
    print("saving", flush=True)
    while True:
        for number in (1.0, 2.0):
            assign(model.w, number)
            model.save(sys.argv[1])
"""


@posix
@pytest.mark.parametrize("kills", [2, pytest.param(20, marks=pytest.mark.slow)])
def test_processes_killed_while_they_save_leave_a_whole_file(kills, tmp_path):
    path, reader = tmp_path / "model.npz", nn.Neuron(2000, bias=False)
    assign(reader.w, 1.0)
    reader.save(path)
    rng = np.random.default_rng(0)
    for _ in range(kills):
        command = [sys.executable, "-c", textwrap.dedent(SAVING), str(path)]
        with subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE) as process:
            process.stdout.readline()
            time.sleep(rng.uniform(0.02, 0.3))
            process.send_signal(signal.SIGKILL)
        assert set(values(reader.load(path).w).tolist()) in ({1.0}, {2.0})
    assert all(name.startswith(".") and name.endswith(".part") for name in names(tmp_path) if name != "model.npz")


LIMITED = """
    import resource, sys
    from pathlib import Path
    import nn
    from autograd import record
    model = nn.Neuron(500, bias=False, rng=1)
    save = model.save if sys.argv[1].endswith("npz") else record(model, [0.0] * 500).save_source
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
    try:
        save(sys.argv[1])
    except OSError as error:
        print(type(error).__name__, error)
"""


@posix
@pytest.mark.parametrize(("name", "told"), [("model.npz", "model.npz"), ("network.py", "network.npz")])
def test_on_a_full_disk_the_old_files_stay_and_the_error_names_the_new_one(name, told, tmp_path):
    model = nn.Neuron(500, bias=False, rng=0)
    (model.save if name.endswith("npz") else record(model, [0.0] * 500).save_source)(tmp_path / name)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    done = child(LIMITED.replace("sys.argv[1]", repr(str(tmp_path / name))))
    assert done.stdout.strip() == f"OSError [Errno 27] {told} cannot be written: File too large: '{tmp_path / told}'"
    assert done.stderr == ""
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@posix
def test_a_file_keeps_its_mode_and_a_new_one_has_the_umasks(tmp_path):
    path, mask = tmp_path / "model.npz", os.umask(0o027)
    try:
        network().save(path)
        assert path.stat().st_mode & 0o777 == 0o640
        for mode in (0o600, 0o664):
            path.chmod(mode)
            network().save(path)
            assert path.stat().st_mode & 0o777 == mode
    finally:
        os.umask(mask)


@posix
def test_a_link_stays_a_link_and_its_target_is_replaced(tmp_path):
    (tmp_path / "runs").mkdir()
    target, link = tmp_path / "runs" / "best.npz", tmp_path / "model.npz"
    link.symlink_to(target)
    for seed in range(2):  # without a target, and with one
        assert network(seed).save(link) == link
        assert link.is_symlink()
        np.testing.assert_array_equal(np.load(target)["layers.0.w"], network(seed).state()["layers.0.w"])
    assert names(tmp_path) == ["model.npz", "runs"]
    assert names(tmp_path / "runs") == ["best.npz"]


@posix
def test_what_lies_under_the_name_of_a_temporary_file_is_left_alone(tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / ".model.npz.part").symlink_to(victim)
    network().save(tmp_path / "model.npz")
    assert victim.read_text() == "precious"


def no_folder(path):
    return path / "missing" / "model.npz", FileNotFoundError


def a_folder(path):
    (path / "model.npz").mkdir()
    return path / "model.npz", IsADirectoryError


def a_device(path):
    devices = [name for name in ("/dev/null", "/dev/zero", "/dev/full") if stat.S_ISCHR(os.stat(name).st_mode)]
    (path / "model.npz").symlink_to(devices[0])  # in some containers one of them is a file
    return path / "model.npz", PermissionError


def a_pipe(path):
    os.mkfifo(path / "model.npz")
    return path / "model.npz", PermissionError


def a_loop(path):
    (path / "model.npz").symlink_to("model.npz")
    return path / "model.npz", PermissionError


def under_a_file(path):
    (path / "file").write_text("")
    return path / "file" / "model.npz", NotADirectoryError


@posix
@pytest.mark.parametrize("make", [no_folder, a_folder, a_device, a_pipe, a_loop, under_a_file])
def test_where_no_file_can_be_written_nothing_is_left_and_the_error_names_it(make, tmp_path):
    path, kind = make(tmp_path)
    before = names(tmp_path)
    with pytest.raises(kind, match=r"model\.npz cannot be written: ") as raised:
        network().save(path)
    assert raised.value.filename == str(path)
    assert names(tmp_path) == before


@posix
def test_a_write_protected_file_and_folder_are_left_alone(tmp_path, monkeypatch):
    path = network().save(tmp_path / "model.npz")
    old = path.read_bytes()
    path.chmod(0o444)
    if AS_ROOT:  # who may do anything
        monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(PermissionError, match="write-protected"):
        network(1).save(path)
    assert (path.read_bytes(), names(tmp_path)) == (old, ["model.npz"])
    if not AS_ROOT:
        tmp_path.chmod(0o500)
        with pytest.raises(PermissionError, match=r"other\.npz cannot be written"):
            network(1).save(tmp_path / "other.npz")


def test_a_module_and_its_numbers_are_written_both_or_neither(tmp_path):
    model = network()
    step = program(model)
    step.save_source(tmp_path / "network.py")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assign(model.parameters(), 0.5)
    (tmp_path / "network.py").unlink()
    (tmp_path / "network.py").mkdir()
    with pytest.raises(IsADirectoryError, match=r"network\.py cannot be written"):
        step.save_source(tmp_path / "network.py")
    assert (tmp_path / "network.npz").read_bytes() == before["network.npz"]
    assert names(tmp_path) == ["network.npz", "network.py"]


def test_an_error_that_is_kept_holds_no_buffer_that_python_cannot_close(tmp_path):
    given = []
    with pytest.raises(IsADirectoryError) as raised:
        written({tmp_path: given.append})
    given[0].close()  # as Python does when it is thrown away with the error; from 3.13 on it reports what fails there
    assert raised.value.filename == str(tmp_path)


# --- loading ----------------------------------------------------------------------------------------------------------


@posix
def test_what_cannot_be_opened_is_an_os_error_and_changes_nothing(tmp_path):
    model = network()
    before = values(model.parameters())
    for path, kind in ((tmp_path, IsADirectoryError), (tmp_path / "no.npz", FileNotFoundError)):
        with pytest.raises(kind):
            model.load(path)
    (tmp_path / "empty.npz").touch()
    with pytest.raises(ValueError, match=r"^empty\.npz is no \.npz file"):
        model.load(tmp_path / "empty.npz")
    np.testing.assert_array_equal(values(model.parameters()), before)


# --- threads and forks ------------------------------------------------------------------------------------------------


def in_threads(work, count=8):
    """The results of the work in threads that are switched as often as can be."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(count) as pool:
            return [result.result() for result in [pool.submit(work, k) for k in range(count)]]
    finally:
        sys.setswitchinterval(interval)


def test_threads_on_shared_leaves_take_gradients_by_functions_that_touch_no_leaf():
    model = network()
    step = program(model)
    expected = [step.value_and_grad(step.theta(), X[k:], Y[k:])[1].tolist() for k in range(8)]
    slopes = [values(gradients(nn.mse(model(X[k]), Y[k]), model.parameters())).tolist() for k in range(8)]

    def work(k):
        for _ in range(20):
            assert step.value_and_grad(step.theta(), X[k:], Y[k:])[1].tolist() == expected[k]
            assert values(gradients(nn.mse(model(X[k]), Y[k]), model.parameters())).tolist() == slopes[k]
            assert grad(lambda x: exp(x) * model.layers[0].w[0, 0].data)(0.0) == model.layers[0].w[0, 0].data
        return value_and_grad(lambda x: x * x)(float(k))

    assert in_threads(work) == [(k * k, 2.0 * k) for k in range(8)]
    assert all(v.grad is None for v in model.parameters())


def test_threads_that_go_backward_into_shared_leaves_lose_no_share():
    w = array([1.0, 2.0, 3.0], "w")

    def work(k):
        for _ in range(200):
            (w @ [1.0, 2.0, 4.0]).backward()

    in_threads(work)
    assert grads(w).tolist() == [1600.0, 3200.0, 6400.0]


def test_threads_on_one_program_add_up_as_one_thread_does():
    w = Value(2.0, "w")
    step = record(lambda x: w * x, 1.0)

    def work(k):
        return [step.backward([1.0, 3.0], reduction="sum") for _ in range(100)]

    assert in_threads(work) == [[8.0] * 100] * 8
    assert w.grad == 8 * 100 * 4.0


def test_threads_pickle_and_copy_one_graph_with_all_that_it_shares():
    model = network()
    y = model([0.1, 0.2])

    def work(_):
        for k in range(20):
            again, twin = pickle.loads(pickle.dumps([y, model])) if k % 2 else copy.deepcopy([y, model])
            again.backward()
            assert all(v.grad is not None for v in twin.parameters())
        return again.data

    assert in_threads(work) == [y.data] * 8
    assert all(v.grad is None for v in model.parameters())


def test_models_are_trained_in_threads_as_alone():
    def work(_):
        model = network()
        nn.fit(model, X, Y, nn.mse, nn.Adam(model.parameters(), 0.1), 5, batch_size=5, progress=False)
        return values(model.parameters()).tolist()

    assert in_threads(work, 4) == [work(0)] * 4


FORKED = """
    import os, threading
    from autograd import Value, scope
    stop = threading.Event()
    def busy():
        k = 0
        while not stop.is_set():
            k += 1
            with scope(f"t{k}"):
                Value(1.0) * 2.0
    threads = [threading.Thread(target=busy) for _ in range(3)]
    for t in threads: t.start()
    with scope("parent"):
        for k in range(100):
            if not (child := os.fork()):
                with scope(f"child{k}"):
                    v = Value(3.0) * 2.0
                v.backward()
                os._exit(0 if v.scope == f"parent/child{k}" else 1)
            assert os.waitpid(child, 0)[1] == 0
    stop.set()
    for t in threads: t.join()
    print("done")
"""


@posix
def test_a_process_forked_while_threads_open_scopes_goes_on():
    done = child(FORKED, "-W", "ignore::DeprecationWarning")
    assert (done.stdout.strip(), done.stderr) == ("done", "")


def test_a_recording_belongs_to_its_thread():
    inside, go = threading.Event(), threading.Event()

    def slow(x):
        inside.set()
        assert go.wait(10)
        return x * 2.0

    with ThreadPoolExecutor(1) as pool:
        recorded = pool.submit(record, slow, 1.0)
        assert inside.wait(10)
        assert float(Value(3.0) * 2.0) == 6.0  # which a recording would refuse
        assert grad(lambda x: x * x)(3.0) == 6.0
        go.set()
        assert recorded.result()([4.0]).tolist() == [8.0]


# --- interpreters and consoles ----------------------------------------------------------------------------------------

WHOLE = """
    import sys, tempfile
    from pathlib import Path
    import numpy as np, nn, viz
    from autograd import *
    X, Y = nn.datasets.two_moons(20, seed=0)
    model = nn.MLP(2, [3, 1], "tanh", rng=0)
    history = nn.fit(model, X, Y, nn.binary_cross_entropy_with_logits, nn.SGD(model.parameters(), 0.5), 20)
    with tempfile.TemporaryDirectory() as folder:
        model.save(f"{folder}/model.npz")
        nn.MLP(2, [3, 1], "tanh").load(f"{folder}/model.npz")
        record(lambda σ: model(σ), X[0]).save_source(f"{folder}/network.py")
        compile(Path(f"{folder}/network.py").read_text(encoding="utf-8"), "network.py", "exec")
    for call, words in (
        (lambda: log(Value(-1.0, "σ")), "log is defined for x > 0; got -1.0 from"),
        (lambda: nn.fit(model, X, Y, nn.mse, nn.SGD(model.parameters(), 1e308), 5, progress=False), "training stopped"),
        (lambda: assign(Value(1.0) * 2.0, 3.0), "computed"),
        (lambda: scope(3), "a scope's name and formula are text"),
    ):
        try:
            call()
        except (ValueError, TypeError) as error:
            assert words in str(error), error
        else:
            raise SystemExit(f"not refused: {words}")
    y = Value(1.0, "x")
    for _ in range(3000):
        y = y * 1.0
    y.backward()
    print(repr(history.loss[-1]), np.sum(values(model.parameters())).hex(), ascii(model))
"""

CONSOLES = {
    "python -O": (["-O"], {}),
    "python -OO": (["-OO"], {}),
    "LANG=C": ([], {"LANG": "C", "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}),
    "cp1252": ([], {"PYTHONIOENCODING": "cp1252"}),
    "ascii": ([], {"PYTHONIOENCODING": "ascii:strict"}),
    "a read-only home": ([], {"HOME": "/nonexistent", "XDG_CACHE_HOME": "/nonexistent"}),
    "warnings as errors": (["-W", "error", "-b"], {}),
}


@pytest.fixture(scope="module")
def plain():
    done = child(WHOLE)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("console", CONSOLES)
def test_every_interpreter_and_console_gives_the_same_numbers_and_errors(console, plain):
    options, environment = CONSOLES[console]
    done = child(WHOLE, *options, env=environment)
    assert (done.returncode, done.stdout) == (0, plain), done.stderr
    assert "Traceback" not in done.stderr


def test_a_low_recursion_limit_is_enough():
    limited = (
        f"import sys, nn, viz, tqdm, autograd.recorded.program\nsys.setrecursionlimit(120)\n{textwrap.dedent(WHOLE)}"
    )
    done = child(limited)
    assert done.returncode == 0, done.stderr[-2000:]


@posix
def test_a_full_standard_error_ends_a_training_with_parameters_of_one_step():
    code = """
        import nn
        from autograd import values
        X, Y = nn.datasets.two_moons(20, seed=0)
        model = nn.MLP(2, [3, 1], rng=0)
        try:
            nn.fit(model, X, Y, nn.mse, nn.SGD(model.parameters(), 0.1), 3)
        except OSError as error:
            print("refused", error.errno)
        print(values(model.parameters()).tolist())
    """
    with open("/dev/full", "w") as full:
        done = child(code, stderr=full)
    assert done.stdout.count("\n") in (1, 2)
    numbers = done.stdout.splitlines()[-1]
    model, possible = nn.MLP(2, [3, 1], rng=0), []
    possible.append(str(values(model.parameters()).tolist()))
    nn.fit(
        model, X, Y, nn.mse, nn.SGD(model.parameters(), 0.1), 3, progress=False,
        callback=lambda _: possible.append(str(values(model.parameters()).tolist())),
    )  # fmt: skip
    assert numbers in possible
