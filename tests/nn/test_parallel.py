"""Modules on one device, where torch has several; kernels of attention that may be chosen."""

import importlib

import pytest

import facade
from tests.worlds import both_worlds, refusal


def _part(torch, path):
    return importlib.import_module(f"{torch.__name__}.{path}")


@both_worlds
def test_one_device(torch):
    nn = torch.nn
    torch.manual_seed(0)
    model = nn.DataParallel(nn.Sequential(nn.Linear(2, 2)))
    state = model.state_dict()
    yield str(model), list(state), model(torch.ones(1, 2)), model.device_ids
    _part(torch, "nn.modules.utils").consume_prefix_in_state_dict_if_present(state, "module.")
    yield list(state), state._metadata, str(model.module.load_state_dict(state))
    layer = nn.SyncBatchNorm(3)
    yield str(layer), layer(torch.randn(2, 3)), layer.running_mean, refusal(layer, torch.ones(3)), refusal(layer, torch.ones(2, 0, 2))
    net = nn.Sequential(nn.BatchNorm2d(3), nn.Sequential(nn.BatchNorm1d(2, affine=False)))
    synced = nn.SyncBatchNorm.convert_sync_batchnorm(net)
    yield str(synced), synced[0].weight is net[0].weight


@both_worlds
def test_sizes(torch):
    utils = _part(torch, "nn.modules.utils")
    yield utils._pair(3), utils._triple((1, 2, 3)), utils._single(1), utils._quadruple(2), utils._pair.__name__
    yield utils._reverse_repeat_tuple((1, 2), 2), utils._list_with_default([None, 3], [1, 2, 4]), refusal(utils._list_with_default, [1, 2], [1])


@both_worlds
def test_kernels_of_attention(torch):
    attention, x = _part(torch, "nn.attention"), torch.ones(1, 2, 3, 4)
    for backends in (attention.SDPBackend.MATH, [attention.SDPBackend.MATH, attention.SDPBackend.FLASH_ATTENTION]):
        with attention.sdpa_kernel(backends):
            yield torch.nn.functional.scaled_dot_product_attention(x, x, x)
    yield refusal(attention.sdpa_kernel("x").__enter__), str(attention.SDPBackend.MATH), int(attention.SDPBackend.FLASH_ATTENTION)
    yield torch.backends.mha.get_fastpath_enabled()


def test_what_is_left_out_says_so():
    with pytest.raises(NotImplementedError, match="DistributedDataParallel"):
        facade.nn.parallel.DistributedDataParallel(facade.nn.Linear(1, 1))
    with pytest.raises(NotImplementedError, match="several devices"):
        facade.nn.DataParallel(facade.nn.Linear(1, 1), device_ids=[0, 1])
