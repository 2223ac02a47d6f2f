"""Pruned parameters: masks and how they combine, methods of one's own, and what is refused."""

import importlib

from tests.worlds import both_worlds, expressions, refusal


def _prune(torch):
    return importlib.import_module(f"{torch.__name__}.nn.utils.prune")


@both_worlds
def test_one_parameter(torch):
    prune = _prune(torch)
    torch.manual_seed(0)
    layer = torch.nn.Linear(4, 3)
    prune.random_unstructured(layer, "weight", amount=0.3)
    yield str(layer), layer.state_dict(), layer.weight, layer.weight.grad_fn
    for apply, arguments in ((prune.l1_unstructured, (2,)), (prune.ln_structured, (0.5, 2, 0)), (prune.random_structured, (1, 1))):
        apply(layer, "weight", *arguments)
        (hook,) = layer._forward_pre_hooks.values()
        yield layer.weight, layer.weight_mask, type(hook).__name__, len(hook), [type(each).__name__ for each in hook]
    layer(torch.ones(1, 4)).sum().backward()
    yield layer.weight_orig.grad, prune.is_pruned(torch.nn.Sequential(layer)), prune.is_pruned(torch.nn.Linear(1, 1))
    prune.identity(layer, "bias")
    yield layer.bias_mask, prune.remove(layer, "weight").weight, list(layer.state_dict()), refusal(prune.remove, layer, "weight")
    prune.custom_from_mask(layer, "weight", torch.tensor([1, 0, 1, 1]).repeat(3, 1))
    optimizer = torch.optim.SGD(layer.parameters(), 0.1)
    layer(torch.ones(2, 4)).sum().backward()
    optimizer.step()
    twin = prune.identity(prune.identity(torch.nn.Linear(4, 3), "weight"), "bias")
    yield layer(torch.ones(1, 4)), str(twin.load_state_dict(layer.state_dict())), twin(torch.ones(1, 4))


@both_worlds
def test_several_parameters(torch):
    prune = _prune(torch)
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Linear(3, 2))
    prune.global_unstructured([(net[0], "weight"), (net[1], "weight")], pruning_method=prune.L1Unstructured, amount=0.4)
    yield net[0].weight, net[1].weight, [type(each).__name__ for each in net[0]._forward_pre_hooks.values()]
    prune.global_unstructured(((net[0], "weight"), (net[1], "weight")), prune.RandomUnstructured, amount=2)
    yield net[0].weight, net[1].weight_mask
    prune.global_unstructured([(net[0], "bias")], prune.L1Unstructured, {(net[0], "bias"): torch.tensor([3.0, 1, 2])}, amount=1)
    yield net[0].bias


@both_worlds
def test_own_methods(torch):
    prune = _prune(torch)

    def method(kind, compute):
        return type("Own", (prune.BasePruningMethod,), {"PRUNING_TYPE": kind, "compute_mask": compute})

    def every_other(self, t, default_mask):
        mask = default_mask.clone()
        mask.view(-1)[::2] = 0
        return mask

    def fail(self, t, default_mask):
        raise ValueError("no")

    for kind in ("unstructured", "structured", "global", "unknown"):
        layer, own = torch.nn.Linear(2, 2), method(kind, every_other)
        own.apply(layer, "weight")
        yield layer.weight_mask, refusal(lambda: own.apply(layer, "weight") and layer.weight_mask)
    layer = torch.nn.Linear(2, 2)
    yield refusal(method("unstructured", fail).apply, layer, "weight"), layer.weight.shape, len(layer._forward_pre_hooks)


@expressions("""
p.l1_unstructured(l, "weight", 1.5)
p.l1_unstructured(l, "weight", -1)
p.l1_unstructured(l, "weight", "x")
p.l1_unstructured(l, "weight", 7)
p.l1_unstructured(l, "w", 1)
p.l1_unstructured(l, "weight", 1, importance_scores=torch.ones(3))
p.l1_unstructured(l, "weight", 1, importance_scores=torch.tensor([[1.0, 2], [0, 3]])).weight_mask
p.ln_structured(l, "bias", 1, 2, 0)
p.ln_structured(l, "weight", 1, 2, 3)
p.ln_structured(l, "weight", 0, 1, -1).weight_mask
p.custom_from_mask(l, "weight", torch.ones(2))
p.random_structured(l, "weight", 5, 0)
p.random_structured(l, "weight", 0, 0).weight_mask, torch.rand(1)
p.random_structured(torch.nn.Conv2d(2, 3, 2), "weight", 0.34, -1).weight_mask
p.global_unstructured(3, p.L1Unstructured)
p.global_unstructured([(l, "weight")], p.L1Unstructured, importance_scores=3, amount=1)
p.RandomStructured(0.5).prune(torch.ones(3))
p.L1Unstructured(0.5).prune(torch.arange(6.0)), p.LnStructured(1, 1, -1).prune(torch.arange(6.0).view(2, 3))
p.L1Unstructured(2).prune(torch.arange(6.0), torch.ones(6), torch.arange(6.0).flip(0))
p.L1Unstructured(2).prune(torch.ones(2), None, torch.ones(3))
p.PruningContainer(p.L1Unstructured(1))
p.PruningContainer().add_pruning_method(3)
""")
def test_amounts_and_refusals(torch):
    torch.manual_seed(0)
    return {"p": _prune(torch), "l": torch.nn.Linear(2, 2)}
