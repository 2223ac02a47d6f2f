"""What the tests save, as functions of the namespace, and files looked at from outside."""

import hashlib
import io
import zipfile
from collections import OrderedDict

DTYPES = ("float64 float32 float16 bfloat16 int64 int32 int16 int8 uint8 bool complex64 complex128 uint16 uint32 uint64 float8_e4m3fn float8_e5m2 "
          "float8_e4m3fnuz float8_e5m2fnuz float8_e8m0fnu").split()


def saved(torch, thing, **options):
    """The bytes of a file."""
    buffer = io.BytesIO()
    torch.save(thing, buffer, **options)
    return buffer.getvalue()


def loaded(torch, data, **options):
    """What is in a file of these bytes."""
    return torch.load(io.BytesIO(data), **options)


def digest(data):
    """A digest of all that a file says, but for the record that tells files apart."""
    archive = zipfile.ZipFile(io.BytesIO(data))
    entries = [(entry.filename, entry.header_offset, entry.CRC, archive.read(entry)) for entry in archive.infolist()
               if not entry.filename.endswith("serialization_id")]
    return len(data), [name for name, *_ in entries], hashlib.sha256(repr(entries).encode()).hexdigest()


def shared_memory(torch):
    """Several looks at one memory, and one at another."""
    whole = torch.arange(10.0)
    return {"whole": whole, "part": whole[2:4], "steps": whole[::2], "turned": whole.view(2, 5).t(), "spread": whole.expand(3, 10), "one": whole[0],
            "other": torch.arange(3)}


def with_attributes(torch):
    """A parameter and a tensor on which a program has set something."""
    parameter, tensor = torch.nn.Parameter(torch.ones(2)), torch.ones(2)
    parameter.note, tensor._note = 3, "x"
    return [parameter, tensor, torch.nn.Parameter(torch.ones(2), requires_grad=False)]


def constants(torch, module):
    """The module with the same number in all of its parameters: draws may differ in the last bit."""
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.fill_(0.25)
    return module


def network(torch):
    """A module of several kinds of layers."""
    nn = torch.nn
    return constants(torch, nn.Sequential(OrderedDict(
        first=nn.Conv2d(1, 2, 3), norm=nn.BatchNorm2d(2), act=nn.ReLU(), pool=nn.MaxPool2d(2), flat=nn.Flatten(), drop=nn.Dropout(0.1),
        last=nn.Linear(2, 3, bias=False))))


def trained(torch):
    """A network and its optimizer after a step."""
    model = constants(torch, torch.nn.Linear(2, 3))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5, momentum=0.5)
    model(torch.ones(4, 2)).sum().backward()
    optimizer.step()
    return model, optimizer
