"""Files handed from one world to the other: whole modules of every kind, optimizers, old formats, safetensors."""

import inspect
import io
import json
import pickle
import re
import struct
import tarfile
import zipfile

import pytest

import facade
from facade import interop
from tests import oracle
from tests.serialization.recipes import DTYPES, constants, loaded, network, saved
from tests.worlds import both_worlds, refusal

needs_torch = pytest.mark.skipif(not oracle.HAVE_TORCH, reason="the other world is not installed")
SIMPLE = [(), (2,), (2, 3), (2, 3, 1), (4, 2, 8), (4, 2, 1, 1, 8), (4, 10, [2, 5])]
# Modules that are not made of a few numbers, or not before their first call.
ELSEWHERE = re.compile("Lazy|FractionalMaxPool|RNN.*Base|"
                       "^Module$|Container|DataParallel|^Transformer((En|De)coder)?$|^(Module|Parameter)(List|Dict)$")


def kinds(package, base):
    """The classes of a package that both worlds have, where both are here."""
    there = getattr(oracle.torch, package) if oracle.HAVE_TORCH else getattr(facade, package)
    here = getattr(facade, package)
    return [name for name, cls in vars(here).items() if inspect.isclass(cls) and issubclass(cls, getattr(here, base)) and hasattr(there, name)
            and not ELSEWHERE.search(name)]


def made(torch, name):
    """A module of this kind, by the first arguments that its class takes."""
    for arguments in SIMPLE:
        try:
            return constants(torch, getattr(torch.nn, name)(*arguments))
        except (TypeError, ValueError, AssertionError):
            continue
    return None


@needs_torch
@pytest.mark.parametrize("name", kinds("nn", "Module"))
def test_modules_change_worlds(name):
    for source, target in ((oracle.torch, facade), (facade, oracle.torch)):
        module = made(source, name)
        if module is None:
            pytest.skip("needs arguments of its own")
        again = loaded(target, saved(source, module), weights_only=False)
        assert type(again) is getattr(target.nn, name) and repr(again) == repr(module)
        assert {key: tensor.tolist() for key, tensor in again.state_dict().items()} == {
            key: tensor.tolist() for key, tensor in module.state_dict().items()}
        own = made(target, name)
        assert set(vars(again)) - {"_flat_weight_refs"} == set(vars(own)) - {"_flat_weight_refs"}
        own.load_state_dict(loaded(target, saved(source, module.state_dict())))


@needs_torch
@pytest.mark.parametrize("name", ["LSTM", "GRU", "RNN"])
def test_recurrent_modules_work_in_the_other_world(name):
    results = []
    for source, target in ((oracle.torch, facade), (facade, oracle.torch)):
        if not hasattr(facade.nn, name):
            pytest.skip("not here yet")
        again = loaded(target, saved(source, made(source, name)), weights_only=False)
        results.append(again(target.ones(3, 1, again.input_size))[0].tolist())
    assert str(results[0])[:12] == str(results[1])[:12]


@needs_torch
@pytest.mark.parametrize("name", kinds("optim", "Optimizer"))
def test_optimizers_change_worlds(name):
    if name in ("Optimizer", "SparseAdam", "Muon", "LBFGS"):
        pytest.skip("takes no plain vectors, or forgets what it optimizes when pickled")
    for source, target in ((oracle.torch, facade), (facade, oracle.torch)):
        whole = loaded(target, saved(source, stepped(source, name)), weights_only=False)
        resumed = stepped(target, name)
        resumed.load_state_dict(loaded(target, saved(source, stepped(source, name).state_dict())))
        here = stepped(target, name)
        for optimizer in (whole, resumed, here):
            step(target, optimizer)
        assert repr(whole) == repr(resumed) == repr(here)
        expected = here.param_groups[0]["params"][0].tolist()
        for optimizer in (whole, resumed):
            assert optimizer.param_groups[0]["params"][0].tolist() == pytest.approx(expected, rel=1e-5)


def stepped(torch, name):
    """An optimizer of this kind after two steps."""
    optimizer = getattr(torch.optim, name)([torch.nn.Parameter(torch.tensor([1.0, 2.0]))], lr=0.1)
    step(torch, optimizer)
    step(torch, optimizer)
    return optimizer


def step(torch, optimizer):
    """A step along a fixed slope."""
    parameter, = optimizer.param_groups[0]["params"]

    def closure():
        parameter.grad = torch.tensor([0.5, -1.0])
        return torch.tensor(1.0)
    closure()
    optimizer.step(closure)


@needs_torch
def test_a_network_works_in_the_other_world():
    for source, target in ((oracle.torch, facade), (facade, oracle.torch)):
        again = loaded(target, saved(source, network(source)), weights_only=False).eval()
        expected = network(target).eval()(target.ones(1, 1, 5, 5))
        assert again(target.ones(1, 1, 5, 5)).tolist() == expected.tolist()
        assert all(isinstance(parameter, target.nn.Parameter) for parameter in again.parameters())


# ---------------------------------------------------------------- formats of before
def old_tar(torch):
    """A file as PyTorch 0.1 wrote it: two tensors on one storage."""
    buffer, members = io.BytesIO(), {}
    dump = pickle.dumps
    storage = dump(1, 2) + dump(("s0", "cpu", torch.FloatStorage), 2).replace(b"facade", b"torch") + struct.pack("<q4f", 4, 0, 1, 2, 3) + dump([], 2)

    def tensor(key, *geometry):
        size, stride, offset = geometry
        return dump((key, "s0", None), 2) + struct.pack("<ii", len(size), 0) + struct.pack(
            f"<{2 * len(size) + 1}q", *size, *stride, offset)
    members["storages"] = storage
    members["tensors"] = dump(2, 2) + tensor(1, (4,), (1,), 0) + tensor(2, (2,), (2,), 1)

    class References(pickle._Pickler):
        def persistent_id(self, thing):
            return thing[1] if type(thing) is tuple and thing[0] == "reference" else None
    text = io.BytesIO()
    References(text, 2).dump({"a": ("reference", 1), "b": ("reference", 2)})
    members["pickle"] = text.getvalue()
    with tarfile.open(fileobj=buffer, mode="w:", format=tarfile.PAX_FORMAT) as tar:
        for name, data in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


@both_worlds
def test_the_tar_of_before(torch, tmp_path):
    path = tmp_path / "old.pt"
    path.write_bytes(old_tar(torch))
    found = torch.load(path, weights_only=False)
    yield found
    found["a"].zero_()
    yield found, refusal(torch.load, path)


def without(data, record):
    """The file with one record left out."""
    original, buffer = zipfile.ZipFile(io.BytesIO(data)), io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as target:
        for name in original.namelist():
            if not name.endswith(record):
                target.writestr(name, original.read(name))
    return buffer.getvalue()


@both_worlds
def test_other_byte_orders(torch):
    tensors = [torch.tensor([1.0, 2.0]), torch.tensor([1 + 2j]), torch.tensor([258], dtype=torch.int16)]
    data = without(saved(torch, tensors), "byteorder")
    for order in (None, "BIG", "LITTLE", "NATIVE"):
        torch.serialization.set_default_load_endianness(order and torch.serialization.LoadEndianness[order])
        yield repr(torch.serialization.get_default_load_endianness()), loaded(torch, data)
    torch.serialization.set_default_load_endianness(None)


@both_worlds
def test_bytes_to_be_written_later(torch):
    with torch.serialization.skip_data():
        data = saved(torch, torch.ones(3))
        yield refusal(lambda: saved(torch, 1, _use_new_zipfile_serialization=False))
    yield loaded(torch, data)


@both_worlds
def test_places_of_ones_own(torch):
    asked = []

    def brought(storage, location):
        asked.append(location)
        return storage if location == "elsewhere" else None
    torch.serialization.register_package(100, lambda storage: "nowhere", brought)
    data = saved(torch, torch.ones(2))
    yield loaded(torch, data), asked
    yield loaded(torch, data, map_location="elsewhere"), asked


# ---------------------------------------------------------------- safetensors
STORED = [name for name in DTYPES if name not in ("complex128", "float8_e4m3fnuz", "float8_e5m2fnuz")]


def test_safetensors(tmp_path):
    tensors = {name: facade.tensor([[1.0, 2.0, 4.0]]).to(getattr(facade, name)) for name in STORED}
    tensors |= {"scalar": facade.tensor(2.0), "empty": facade.empty(0, 3)}
    path = tmp_path / "model.safetensors"
    interop.save_safetensors(tensors, path, {"format": "pt"})
    for found in (interop.load_safetensors(path), facade.load(path)):
        assert {name: repr(tensor) for name, tensor in found.items()} == {name: repr(tensors[name]) for name in found} and len(found) == len(tensors)
    assert interop.safetensors_metadata(path) == {"format": "pt"}
    found["float32"].add_(1)
    assert interop.load_safetensors(path)["float32"].tolist() == [[1.0, 2.0, 4.0]]


def test_what_safetensors_cannot_tell(tmp_path):
    path, whole = tmp_path / "model.safetensors", facade.ones(4)
    for tensors, error, text in (({"a": whole, "b": whole[1:]}, ValueError, "share memory"),
                                 ({"a": facade.ones(2, 3).t()}, ValueError, "non contiguous"),
                                 ({"a": 3}, ValueError, "expected torch.Tensor"), ({"a": facade.ones(1, dtype=facade.complex128)}, TypeError, "no")):
        with pytest.raises(error, match=text):
            interop.save_safetensors(tensors, path)
    assert not path.exists()
    with pytest.raises(RuntimeError, match="dict map_location is not supported"):
        facade.load(path, map_location={})


@pytest.mark.parametrize("header, data, text", [
    (b"{", b"", "invalid JSON"), (b"[]", b"", "no JSON object"), (b"{}", b"abc", "not fully covered"),
    ({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]}}, b"1234", "invalid shape"),
    ({"a": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}}, b"1234", "invalid shape"),
    ({"a": {"dtype": "XX", "shape": [1], "data_offsets": [0, 4]}}, b"1234", "invalid shape"),
    ({"a": {"dtype": "U8", "shape": [2], "data_offsets": [0, 2]},
      "b": {"dtype": "U8", "shape": [2], "data_offsets": [1, 3]}}, b"123", "invalid offset"),
    ({"a": {"dtype": "U8", "shape": [2**40], "data_offsets": [0, 2**40]}}, b"123", "not fully covered")])
def test_broken_safetensors(tmp_path, header, data, text):
    path = tmp_path / "model.safetensors"
    header = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header + data)
    with pytest.raises(ValueError, match=text):
        interop.load_safetensors(path)
    path.write_bytes(b"abc")
    with pytest.raises(ValueError, match="header too small"):
        interop.load_safetensors(path)
