"""The adaptive softmax, the older normalization across channels, the loss that has its own linear layer."""

from tests.worlds import both_worlds, expressions


@both_worlds
def test_adaptive_softmax(torch):
    torch.manual_seed(0)
    model = torch.nn.AdaptiveLogSoftmaxWithLoss(8, 10, [3, 6], div_value=2.0, dtype=torch.float64)
    x = torch.randn(5, 8, dtype=torch.float64, requires_grad=True)
    yield str(model), list(model.state_dict()), model.head_size, model.cutoffs
    for target in ([0, 1, 2, 0, 1], [9, 3, 5, 0, 7], [3, 3, 4, 4, 5]):
        model.zero_grad()
        result = model(x, torch.tensor(target))
        result.loss.backward()
        yield result, x.grad, [each.grad for each in model.parameters()]
    yield model(x[0], torch.tensor(4)), model.log_prob(x), model.predict(x), model.predict(x * 5)


@expressions("""
m(x, torch.tensor([1]))
m(x[0], torch.tensor([1]))
m(x, torch.tensor(1))
m(x, torch.ones(5, 1).long())
m(x, torch.tensor([1, 2, 3, 4, 10]))
m(x, torch.tensor([-1, 1, 2, 3, 4]))
nn.AdaptiveLogSoftmaxWithLoss(8, 10, [])
nn.AdaptiveLogSoftmaxWithLoss(8, 10, [3, 3])
nn.AdaptiveLogSoftmaxWithLoss(8, 10, [0, 3])
nn.AdaptiveLogSoftmaxWithLoss(8, 10, [3, 10])
nn.AdaptiveLogSoftmaxWithLoss(8, 10, (3.5,))
nn.CrossMapLRN2d(3)(x)
nn.LinearCrossEntropyLoss(4, 5, weight=torch.ones(3))
nn.LinearCrossEntropyLoss(4, 5, label_smoothing=2)
nn.LinearCrossEntropyOptions(), nn.LinearCrossEntropyOptions(chunking_method="aspect_ratio:2", batch_chunk_size=3)
nn.LinearCrossEntropyOptions(acc_policy="x")
nn.LinearCrossEntropyOptions(chunking_method="aspect_ratio:x")
nn.LinearCrossEntropyOptions(batch_chunk_size=0)
nn.LinearCrossEntropyOptions(acc_dtype=torch.int32)
""")
def test_refused(torch):
    torch.manual_seed(0)
    return {"nn": torch.nn, "m": torch.nn.AdaptiveLogSoftmaxWithLoss(8, 10, [3, 6], div_value=2.0), "x": torch.randn(5, 8)}


@both_worlds
def test_across_channels(torch):
    torch.manual_seed(0)
    for size in (2, 3, 4, 5):
        layer, x = torch.nn.CrossMapLRN2d(size, alpha=0.5, beta=0.6, k=2), torch.randn(1, 7, 2, 1, dtype=torch.float64, requires_grad=True)
        result = layer(x)
        result.pow(2).sum().backward()
        yield str(layer), result, x.grad


@both_worlds
def test_loss_with_a_layer(torch):
    torch.manual_seed(0)
    x = torch.randn(3, 4, dtype=torch.float64)
    for options, target in (({"bias": True, "label_smoothing": 0.1}, [1, 2, 4]), ({"out_features": (2,), "ignore_index": 2}, [[1, 2], [2, 4], [0, 0]])):
        loss = torch.nn.LinearCrossEntropyLoss(4, 5, dtype=torch.float64, **options)
        value = loss(x, torch.tensor(target))
        value.backward()
        yield str(loss), value.detach(), [each.grad for each in loss.parameters()]
