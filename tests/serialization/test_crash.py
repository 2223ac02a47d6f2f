"""What is under a path when saving stops half-way: what was there before."""

import os
import stat
import subprocess
import sys
import textwrap

import numpy as np
import pytest

import facade as torch
from facade.core.checkpoint import archive


class Unwilling:
    """Cannot be pickled."""

    def __reduce__(self):
        raise ValueError("not me")


@pytest.fixture
def path(tmp_path):
    """A path with a file of before."""
    path = tmp_path / "model.pt"
    torch.save(torch.ones(2), path)
    return path


def unchanged(path):
    return torch.load(path).tolist() == [1.0, 1.0] and os.listdir(path.parent) == [path.name]


@pytest.mark.parametrize("options", [{}, {"_use_new_zipfile_serialization": False}], ids=["zip", "legacy"])
def test_what_cannot_be_pickled(path, options):
    with pytest.raises(ValueError, match="not me"):
        torch.save([torch.zeros(3), Unwilling()], path, **options)
    assert unchanged(path)


def test_a_full_disk(path, monkeypatch):
    def write(self, data):
        if self._offset > 600:
            raise OSError(28, "No space left on device")
        self._file.write(data)
        self._offset += len(data)
    monkeypatch.setattr(archive.Writer, "_put", write)
    with pytest.raises(OSError, match="No space left"):
        torch.save(torch.zeros(1000), path)
    assert unchanged(path)


def test_a_process_that_ends(path):
    program = """
        import os, sys
        import facade as torch

        class End:
            def __reduce__(self):
                os._exit(3)
        torch.save([torch.zeros(3), End()], sys.argv[1])
    """
    ended = subprocess.run([sys.executable, "-c", textwrap.dedent(program), str(path)], cwd=os.getcwd())
    assert ended.returncode == 3 and torch.load(path).tolist() == [1.0, 1.0]


def test_a_new_file_takes_over_as_a_whole(path):
    path.chmod(0o640)
    link = path.parent / "latest.pt"
    link.symlink_to(path.name)
    with open(path, "rb") as before:
        torch.save(torch.zeros(3), link)
        assert torch.load(before).tolist() == [1.0, 1.0]
    assert link.is_symlink() and torch.load(path).tolist() == [0.0] * 3 and stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_mapped_file_may_be_replaced(path):
    mapped = torch.load(path, mmap=True)
    torch.save(torch.zeros(3), path)
    assert mapped.tolist() == [1.0, 1.0]


def test_a_failed_load_changes_nothing(path):
    model = torch.nn.Linear(2, 1)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(RuntimeError, match="failed finding central directory"):
        model.load_state_dict(torch.load(path))
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


def test_to_where_there_is_no_file(tmp_path):
    torch.save(torch.ones(2), os.devnull)
    with pytest.raises(RuntimeError, match="Is a directory"):
        torch.save(1, tmp_path)


def test_a_mapped_file_is_read_where_it_lies(path):
    data = torch.load(path, mmap=True).numpy_value()
    while data.base is not None and not isinstance(data, np.memmap):
        data = data.base
    assert isinstance(data, np.memmap)
