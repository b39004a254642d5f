"""The state of a module and the files of it: saved and loaded to the last bit, or refused with nothing changed."""

import io
import random
import tracemalloc
import zipfile

import numpy as np
import pytest

import nn
from autograd import Chain, Value, array, assign, constant, sigmoid, tanh, values


class Odd(nn.Module):
    """Parameters in every place where a module may have them."""

    def __init__(self, seed=0):
        rng = np.random.default_rng(seed)
        self.alone = Value(rng.normal())
        self.file = array(rng.normal(size=(2, 3)))  # np.savez has an argument of this name
        self.parts = {"a": nn.Neuron(2, rng=rng), "b": [nn.Layer(2, 2, rng=rng), Value(rng.normal())]}
        self.again = self.file
        self.mixed = np.array([Value(rng.normal()), constant(7.0)], dtype=object)
        self.scale = np.array([1.0, 2.0])  # data, no parameter
        self.twice = self.parts["a"]
        self.itself = self


def test_the_state_holds_an_array_for_each_array_of_parameters():
    state = nn.MLP(2, [3, 1], rng=0).state()
    shapes = {name: x.shape for name, x in state.items()}
    assert shapes == {"layers.0.w": (3, 2), "layers.0.b": (3,), "layers.1.w": (1, 3), "layers.1.b": (1,)}
    assert all(x.dtype == float for x in state.values())
    odd = {name: x.shape for name, x in Odd().state().items()}
    assert odd == {
        "alone": (),
        "file": (2, 3),
        "parts.a.w": (2,),
        "parts.a.b": (),
        "parts.b.0.w": (2, 2),
        "parts.b.0.b": (2,),
        "parts.b.1": (),
        "mixed[0]": (),
    }
    assert sum(x.size for x in Odd().state().values()) == len(Odd().parameters())


def test_the_units_of_a_layer_share_the_vector_of_its_inputs():
    a, b = nn.Layer(2, 2, "identity", rng=0)([0.5, 1.0])
    assert [a.parents[0].op.name, b.parents[0].op.name] == ["dot", "dot"]
    assert a.parents[0].right is b.parents[0].right


def test_a_tie_within_an_array_is_one_parameter():
    class Tied(nn.Module):
        def __init__(self):
            v = Value(1.0)
            self.w = array([v, v, Value(2.0)])

    assert [name for name, _ in Tied().named_parameters()] == ["w[0]", "w[2]"]
    assert list(Tied().state()) == ["w[0]", "w[2]"]


@pytest.mark.parametrize("make", [lambda s: nn.MLP(2, [3, 2], rng=s), Odd])
def test_what_is_saved_is_loaded_to_the_last_bit(make, tmp_path):
    one, other = make(0), make(1)
    path = one.save(tmp_path / "model.npz")
    assert other.load(path) is other
    for name, x in one.state().items():
        np.testing.assert_array_equal(other.state()[name], x)
    with np.load(path, allow_pickle=False) as saved:
        assert sorted(saved.files) == sorted(one.state())


def test_weights_move_both_ways_through_float_arrays():
    one, other = nn.MLP(2, [3, 2], rng=0), nn.MLP(2, [3, 2], rng=1)
    other.load_state({name: x.tolist() for name, x in one.state().items()})
    assert values(other([0.3, -1.0])).tolist() == values(one([0.3, -1.0])).tolist()


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (lambda s: s.pop("layers.0.b"), ValueError, r"missing: layers\.0\.b"),
        (lambda s: s.update(extra=np.ones(2)), ValueError, "unknown: extra"),
        (
            lambda s: s.update({"layers.0.w": np.ones((2, 3))}),
            ValueError,
            r"layers\.0\.w has shape \(3, 2\); got \(2, 3\)",
        ),
        (lambda s: s.update({"layers.1.b": ["a", "b"]}), TypeError, "real number"),
        (lambda s: s.update({"layers.1.b": [1.0, np.nan]}), ValueError, r"layers\.1\.b holds nan"),
        (lambda s: s.update({3: 1.0}), ValueError, "unknown: 3"),
        (lambda s: s.update({"layers.1.b": np.array([1 + 2j, 0])}), TypeError, "real number"),
    ],
)
def test_a_state_of_another_network_changes_nothing(change, error, words):
    model = nn.MLP(2, [3, 2], rng=0)
    state = {name: x + 1 for name, x in model.state().items()}
    before = values(model.parameters())
    change(state)
    with pytest.raises(error, match=words):
        model.load_state(state)
    np.testing.assert_array_equal(values(model.parameters()), before)


def test_what_is_no_state_and_two_parts_of_one_name_are_refused():
    with pytest.raises(TypeError, match="a state is a dictionary"):
        nn.MLP(2, [1], rng=0).load_state([1.0, 2.0])

    class Twins(nn.Module):
        def __init__(self):
            self.parts = {1: Value(1.0), "1": Value(2.0)}

    with pytest.raises(ValueError, match=r"two parts of Twins are called parts\.1"):
        Twins().state()


def test_an_interrupted_save_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    model, path = nn.MLP(2, [3, 2], rng=0), tmp_path / "model.npz"
    model.save(path)
    old = path.read_bytes()

    def interrupted(file, x, allow_pickle):
        file.write(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(np.lib.format, "write_array", interrupted)
    with pytest.raises(KeyboardInterrupt):
        nn.MLP(2, [3, 2], rng=1).save(path)
    assert path.read_bytes() == old
    assert [p.name for p in tmp_path.iterdir()] == ["model.npz"]


def test_a_file_that_holds_no_state_is_refused(tmp_path):
    model = nn.MLP(2, [3, 2], rng=0)
    before = values(model.parameters())
    with pytest.raises(ValueError, match=r"saved as \.npz; got 'model\.pkl'"):
        model.save(tmp_path / "model.pkl")
    with pytest.raises(FileNotFoundError):
        model.load(tmp_path / "missing.npz")
    (tmp_path / "text.npz").write_text("no zip")
    with pytest.raises(ValueError, match=r"text\.npz is no \.npz file"):
        model.load(tmp_path / "text.npz")
    whole = model.save(tmp_path / "whole.npz").read_bytes()
    (tmp_path / "half.npz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match="damaged"):
        model.load(tmp_path / "half.npz")
    flipped = bytearray(whole)
    flipped[whole.index(b"NUMPY") + 130] ^= 1
    (tmp_path / "flipped.npz").write_bytes(flipped)
    with pytest.raises(ValueError, match="damaged"):
        model.load(tmp_path / "flipped.npz")
    np.savez(tmp_path / "pickle.npz", **{**model.state(), "layers.0.w": np.array([[object()] * 2] * 3)})
    with pytest.raises(ValueError, match="pickle"):
        model.load(tmp_path / "pickle.npz")
    np.testing.assert_array_equal(values(model.parameters()), before)


class Stack(nn.Module):
    """Modules and functions in a Chain."""

    def __init__(self, function=tanh, activation="relu"):
        self.chain = Chain(nn.Layer(2, 2, activation, rng=0), function, nn.Neuron(2, rng=0))


class Tower(Stack):
    pass


@pytest.mark.parametrize(
    ("saved", "loading", "words"),
    [
        (nn.MLP(2, [3, 1], "tanh"), nn.MLP(2, [3, 1], "relu"), r"layers\.0 is Layer relu here and Layer tanh there"),
        (nn.MLP(2, [2], output="softmax"), nn.MLP(2, [2]), r"layers\.0 is Layer identity here and Layer softmax there"),
        (nn.Neuron(2, lambda a: a * a), nn.Neuron(2), "the model is Neuron sigmoid here and Neuron <lambda> there"),
        (Stack(sigmoid), Stack(), "chain is Chain Layer tanh Neuron here and Chain Layer sigmoid Neuron there"),
        (Stack(activation="step"), Stack(), "is Layer relu here and Layer step there"),
        (Tower(), Stack(), "the model is Stack here and Tower there"),
    ],
)
def test_a_file_of_another_activation_or_class_is_refused_and_its_numbers_can_be_had(saved, loading, words, tmp_path):
    path = saved.save(tmp_path / "model.npz")
    before = values(loading.parameters())
    with pytest.raises(ValueError, match=rf"^model\.npz: .*{words}; load_state\(dict\(numpy\.load"):
        loading.load(path)
    np.testing.assert_array_equal(values(loading.parameters()), before)
    loading.load_state(dict(np.load(path)))
    np.testing.assert_array_equal(values(loading.parameters()), values(saved.parameters()))


def test_an_activation_by_its_name_and_by_its_function_is_one(tmp_path):
    path = nn.MLP(2, [3, 1], tanh, rng=0).save(tmp_path / "model.npz")
    assert nn.MLP(2, [3, 1], "tanh", rng=1).load(path).state().keys() == nn.MLP(2, [3, 1]).state().keys()


def test_a_file_that_tells_no_classes_is_loaded_by_its_names(tmp_path, monkeypatch):
    model = nn.MLP(2, [3, 1], "tanh", rng=0)
    np.savez(tmp_path / "by_numpy.npz", **model.state())
    monkeypatch.setattr(zipfile, "ZIP_MAX_COMMENT", 10)  # as of a model of thousands of modules
    model.save(tmp_path / "large.npz")
    for name in ("by_numpy.npz", "large.npz"):
        other = nn.MLP(2, [3, 1], "relu", rng=1).load(tmp_path / name)
        np.testing.assert_array_equal(values(other.parameters()), values(model.parameters()))


def npy(array, shape=None, descr="<f8"):
    """An array as a member of an .npz; with a shape, a header that claims that shape, and no data."""
    file = io.BytesIO()
    if shape is None:
        np.lib.format.write_array(file, array, allow_pickle=False)
    else:
        text = f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
        file.write(b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode())
    return file.getvalue()


def archive(members, method=zipfile.ZIP_DEFLATED, comment=b""):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as written:
        for name, data in members.items():
            written.writestr(f"{name}.npy", data)
        written.comment = comment
    return file.getvalue()


GOOD = {name: npy(x) for name, x in nn.MLP(2, [3, 2], rng=0).state().items()}
ZEROS = b"\0" * 50_000_000  # 50 kB in the archive


def with_w(member, **options):
    return archive({**GOOD, "layers.0.w": member}, **options)


def encrypted(data):
    """The same archive with the bit that says that its members are encrypted."""
    data = bytearray(data)
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = -1
        while (at := data.find(mark, at + 1)) >= 0:
            data[at + place] |= 1
    return bytes(data)


REFUSED = {  # what makes the file, and what is said of it
    "an unknown member of 50 MB": (lambda: archive({**GOOD, "extra": ZEROS}), "unknown: extra"),
    "50 MB behind an array": (lambda: with_w(npy(np.zeros((3, 2))) + ZEROS), r"layers\.0\.w\.npy has \d+ bytes"),
    "a header of 50 MB": (
        lambda: with_w(b"\x93NUMPY\x02\x00" + len(ZEROS).to_bytes(4, "little") + ZEROS),
        "reading array header",
    ),
    "a header of 74 GiB": (
        lambda: with_w(npy(0, (10_000_000_000,))),
        r"layers\.0\.w has shape \(3, 2\); got \(10000000000,\)",
    ),
    "a shape beyond any memory": (lambda: with_w(npy(0, (10**30,))), "damaged"),
    "a negative shape": (lambda: with_w(npy(0, (-3, 2))), "damaged"),
    "numbers of no size": (lambda: with_w(npy(0, (10**15,), "|V0")), r"is of \|V0"),
    "objects": (lambda: with_w(npy(0, (3, 2), "|O")), "is of object: only real numbers are read, and no pickle"),
    "complex numbers": (lambda: with_w(npy(np.zeros((3, 2), complex))), "is of complex128"),
    "fewer bytes": (lambda: with_w(npy(np.zeros((3, 2)))[:-1]), "has 47 bytes"),
    "nan": (lambda: with_w(npy(np.full((3, 2), np.nan))), "holds nan"),
    "LZMA": (lambda: archive(GOOD, zipfile.ZIP_LZMA), "compressed in another way"),
    "bzip2": (lambda: archive(GOOD, zipfile.ZIP_BZIP2), "compressed in another way"),
    "an encrypted member": (lambda: encrypted(archive(GOOD)), "encrypted"),
    "nothing": (lambda: archive({}), r"missing: layers\.0\.b"),
    "a comment that is no structure": (lambda: archive(GOOD, comment=b"[1, 2]"), "damaged"),
    "a comment in brackets": (lambda: archive(GOOD, comment=b"[" * 60_000), "damaged"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_hostile_file_is_refused_in_one_way_changes_nothing_and_takes_no_memory(case, tmp_path):
    content, words = REFUSED[case]
    (tmp_path / "bad.npz").write_bytes(content())
    model = nn.MLP(2, [3, 2], rng=1)
    before = values(model.parameters())
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=rf"^bad\.npz.*{words}"):
            model.load(tmp_path / "bad.npz")
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()
    np.testing.assert_array_equal(values(model.parameters()), before)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_arrays_of_one_name_are_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "twice.npz", "w") as file:
        for name in ("w", "w", "b"):
            file.writestr(f"{name}.npy", npy(np.zeros(2)))
    with pytest.raises(ValueError, match="w is there twice"):
        nn.Neuron(2).load(tmp_path / "twice.npz")


@pytest.mark.parametrize("dtype", ["<f8", ">f8", "f4", "f2", "i4", "u1", "?", np.longdouble])
@pytest.mark.parametrize("order", ["C", "F"])
def test_any_real_numbers_that_numpy_has_saved_are_loaded(dtype, order, tmp_path):
    state = nn.MLP(2, [3, 2]).state()
    state["layers.0.w"] = np.array([[1, 0], [1, 1], [0, 0]], dtype, order=order)
    for save in (np.savez, np.savez_compressed):
        save(tmp_path / "model.npz", **state)
        loaded = nn.MLP(2, [3, 2], rng=1).load(tmp_path / "model.npz")
        np.testing.assert_array_equal(loaded.state()["layers.0.w"], state["layers.0.w"])


@pytest.mark.parametrize("count", [300, pytest.param(20_000, marks=pytest.mark.slow)])
def test_whatever_is_damaged_is_loaded_as_saved_or_refused(count, tmp_path):
    model, rng = nn.MLP(2, [3, 2], "tanh", rng=0), random.Random(0)
    whole, saved = model.save(tmp_path / "whole.npz").read_bytes(), values(model.parameters())
    bad, other = tmp_path / "bad.npz", nn.MLP(2, [3, 2], "tanh", rng=1)
    start = values(other.parameters())
    for _ in range(count):
        data = bytearray(whole)
        for _ in range(rng.choice((1, 1, 2, 5, 40))):
            at = rng.randrange(len(data))
            data[at : at + rng.choice((0, 1, 1, 1, 4))] = rng.randbytes(rng.choice((0, 1, 1, 1, 4)))
        bad.write_bytes(data)
        try:
            other.load(bad)
            said, expected = "bad.npz", saved
        except ValueError as error:
            said, expected = str(error), start
        assert "bad.npz" in said
        np.testing.assert_array_equal(values(other.parameters()), expected)
        assign(other.parameters(), start)
