"""First values: the digits that torch draws, the state it leaves its generator in, and its errors."""

from tests.worlds import both_worlds, expressions


@expressions("""
init.uniform_(E(3, 4)), torch.rand(2)
init.uniform_(E(3, 4), -2, 5), torch.rand(2)
init.normal_(E(3)), torch.rand(2)
init.normal_(E(3, 7), 1.0, 0.5), torch.rand(2)
init.trunc_normal_(E(2, 3)), torch.rand(2)
init.trunc_normal_(E(20), 0.0, 1.0, -0.5, 0.5), torch.rand(2)
init.trunc_normal_(E(20), a=1, b=2), torch.rand(2)
init.trunc_normal_(E(4, 2), 1.0, 0.5, 0.0, 3.0), torch.rand(2)
init.trunc_normal_(E(3), 10.0, 0.5, 0.0, 3.0), torch.rand(2)
init.trunc_normal_(torch.empty(5, dtype=torch.float64), std=0.02), torch.rand(2)
init.constant_(E(2), 0.3), init.ones_(E(2)), init.zeros_(E(2))
init.eye_(E(2, 3)), init.eye_(E(3, 2))
init.eye_(E(3))
init.dirac_(E(2, 2, 3)), init.dirac_(E(4, 2, 3, 3), 2), init.dirac_(E(3, 2, 1, 2, 3))
init.dirac_(E(3, 2, 3), 2)
init.dirac_(E(3, 2))
init.xavier_uniform_(E(3, 5)), torch.rand(2)
init.xavier_normal_(E(3, 5, 2), gain=2.0), torch.rand(2)
init.xavier_uniform_(E(3))
init.kaiming_uniform_(E(3, 5)), torch.rand(2)
init.kaiming_uniform_(E(3, 5), a=0.2, mode="fan_out", nonlinearity="leaky_relu"), torch.rand(2)
init.kaiming_uniform_(E(3, 5), nonlinearity="relu"), torch.rand(2)
init.kaiming_normal_(E(4, 2, 3, 3), mode="fan_out", nonlinearity="relu"), torch.rand(2)
init.kaiming_uniform_(E(3, 3), mode="x")
init.kaiming_uniform_(E(0, 3))
init.kaiming_normal_(E(3, 3), nonlinearity="nothing")
init.orthogonal_(E(3, 3)), torch.rand(2)
init.orthogonal_(E(2, 3, 2), 2.0), torch.rand(2)
init.orthogonal_(E(5, 2)), torch.rand(2)
init.orthogonal_(E(0, 2)), torch.rand(2)
init.orthogonal_(E(3))
init.sparse_(E(4, 3), 0.5), torch.rand(2)
init.sparse_(E(4, 3), 0.5, generator=torch.Generator().manual_seed(3)), torch.rand(2)
init.sparse_(E(4), 0.5)
init.normal_(E(5), generator=torch.Generator().manual_seed(3)), torch.rand(2)
init.kaiming_uniform_(E(3, 3), generator=torch.Generator().manual_seed(3)), torch.rand(2)
init.trunc_normal_(E(3, 3), generator=torch.Generator().manual_seed(3)), torch.rand(2)
init.uniform(E(3)), init.kaiming_normal(E(2, 2)), init.eye(E(2, 2))
init.uniform.__name__, init.uniform_.__name__
[init.calculate_gain(name) for name in ("linear", "conv2d", "conv_transpose3d", "sigmoid", "tanh", "relu", "leaky_relu", "selu")]
init.calculate_gain("leaky_relu", 0.2), init.calculate_gain("leaky_relu", 1)
init.calculate_gain("leaky_relu", True)
init.calculate_gain("leaky_relu", "x")
init.calculate_gain("nothing")
init._calculate_fan_in_and_fan_out(E(2, 3, 4)), init._calculate_correct_fan(E(2, 3), "FAN_OUT")
init.normal_(p) is p, p.requires_grad, p.is_leaf, p.grad_fn, p._version
""")
def test_filled(torch):
    return {"init": torch.nn.init, "E": torch.empty, "p": torch.nn.Parameter(torch.empty(3))}


@both_worlds
def test_training_from_a_seed(torch):
    nn = torch.nn
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
    data, target = torch.randn(16, 4), torch.randn(16, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for _ in range(5):
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(model(data), target)
        loss.backward()
        optimizer.step()
        yield loss.item()
