"""torch.backends: libraries are modules, as programs import them, and their flags are kept."""

import importlib

import pytest

from tests.worlds import both_worlds

LIBRARIES = "cpu cuda cudnn mha mkl mkldnn mps openmp opt_einsum quantized".split()


@both_worlds
def test_a_flag_is_kept(torch):
    cudnn = importlib.import_module(f"{torch.__name__}.backends.cudnn")
    before = cudnn.enabled, cudnn.benchmark, cudnn.deterministic
    yield before, cudnn.benchmark_limit, cudnn.is_available(), cudnn.version()
    cudnn.benchmark, torch.backends.cudnn.deterministic = True, True
    yield torch.backends.cudnn.benchmark, cudnn.deterministic
    with cudnn.flags(enabled=False):
        yield cudnn.enabled
    cudnn.enabled, cudnn.benchmark, cudnn.deterministic = before
    yield cudnn.enabled


@both_worlds
def test_kernels_of_attention_are_told_apart(torch):
    cuda = torch.backends.cuda
    for name in ("flash", "math", "mem_efficient", "cudnn"):
        enabled, enable = getattr(cuda, f"{name}_sdp_enabled"), getattr(cuda, f"enable_{name}_sdp")
        before = enabled()
        enable(False)
        yield before, enabled()
        enable(before)


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_library_is_a_module(library):
    found = importlib.import_module(f"facade.backends.{library}")
    assert found is getattr(importlib.import_module("facade").backends, library)
    assert set(found.__all__) <= set(vars(found))
