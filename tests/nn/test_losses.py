"""The Kullback-Leibler divergence at special values, and the names of reductions with the flags that were before them."""

from tests.worlds import both_worlds, expressions


@both_worlds
def test_divergence_at_special_values(torch):
    values = [0.0, 0.5, -1.0, float("inf"), -float("inf"), float("nan")]
    for log_target in (False, True):
        for reduction in ("none", "batchmean"):
            inputs = torch.tensor([values] * 6, dtype=torch.float64, requires_grad=True)
            target = torch.tensor([[each] * 6 for each in values], dtype=torch.float64, requires_grad=True)
            loss = torch.nn.functional.kl_div(inputs, target, log_target=log_target, reduction=reduction)
            loss.sum().backward()
            yield loss, inputs.grad, target.grad


@expressions("""
F.kl_div(a, b)
F.kl_div(a, b, reduction="sum"), F.kl_div(a[0], b[0], reduction="batchmean")
F.kl_div(a, b, reduction="x")
F.kl_div(a, b, size_average=False), F.kl_div(a, b, reduce=False), F.kl_div(a, b, size_average=True, reduction="batchmean")
F.kl_div(a.long(), b)
F.kl_div(a.to(torch.complex64), b.long())
F.kl_div(a, torch.ones(3))
F.mse_loss(a, b, size_average=False), F.mse_loss(a, b, False, False), F.mse_loss(a, b, True, True)
F.mse_loss(a, b, reduction="elementwise_mean"), nn.MSELoss(reduction="elementwise_mean")(a, b)
nn.MSELoss(size_average=False).reduction, nn.L1Loss(reduce=False).reduction, nn.NLLLoss(None, True, reduce=True).reduction
nn.MSELoss(reduction="x").reduction
nn.MSELoss(reduction="x")(a, b)
""")
def test_reductions(torch):
    return {"nn": torch.nn, "F": torch.nn.functional, "a": torch.tensor([-1.0, -2.0]), "b": torch.tensor([0.5, 0.5])}


@both_worlds
def test_logarithms_times_nothing(torch):
    for function in (torch.xlogy, torch.special.xlog1py):
        one = torch.tensor([0.0, 0.0, 0.0, 0.0, 1.0, 1.0, -1.0], dtype=torch.float64, requires_grad=True)
        other = torch.tensor([0.0, -1.0, -2.0, float("nan"), 0.0, 2.0, -2.0], dtype=torch.float64, requires_grad=True)
        result = function(one, other)
        result.sum().backward()
        yield result, one.grad, other.grad


@both_worlds
def test_gradients_where_a_margin_is_just_kept(torch):
    functional, ones = torch.nn.functional, torch.tensor([-1.0, -1.0, 1.0])
    x, rows = torch.tensor([1.0, 2.0, 1.0], requires_grad=True), torch.tensor([[1.0, 2.0, 1.0]], requires_grad=True)
    for loss, leaf in ((functional.hinge_embedding_loss(x, ones), x), (functional.margin_ranking_loss(x, torch.ones(3), ones), x),
                       (functional.multi_margin_loss(rows, torch.tensor([1])), rows),
                       (functional.multilabel_margin_loss(rows, torch.tensor([[1, -1, 0]])), rows),
                       (torch.clamp(x, torch.ones(3), torch.ones(3)).sum(), x)):
        yield loss.detach(), torch.autograd.grad(loss, leaf)
