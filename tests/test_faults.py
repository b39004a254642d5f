"""Faults while a file is written or read: killed processes, full disks, links, read-only folders. All or nothing, and one
clear error.
"""

import os
import signal
import stat
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import nn
from autograd import assign, record, values
from autograd.files import written
from tests.processes import ROOT, child, posix
from tests.training import network, program

AS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0


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
        assert network(seed=seed).save(link) == link
        assert link.is_symlink()
        np.testing.assert_array_equal(np.load(target)["layers.0.w"], network(seed=seed).state()["layers.0.w"])
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
        network(seed=1).save(path)
    assert (path.read_bytes(), names(tmp_path)) == (old, ["model.npz"])
    if not AS_ROOT:
        tmp_path.chmod(0o500)
        with pytest.raises(PermissionError, match=r"other\.npz cannot be written"):
            network(seed=1).save(tmp_path / "other.npz")


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
