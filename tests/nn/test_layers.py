"""Layers: text, signature, options, first digits, outputs and gradients of each."""

import inspect

from tests.worlds import both_worlds, expressions


def attributes(module):
    """The options that a layer keeps, in no order."""
    return {name: str(value) for name, value in sorted(vars(module).items()) if not name.startswith("_")}


def signature(cls):
    """The parameters of a class, without annotations."""
    return [(each.name, each.kind.name, str(each.default)) for each in inspect.signature(cls).parameters.values()]


def runner(torch):
    """Shows everything about a layer that is called with these arguments."""
    def run(module, *args, **kwargs):
        leaves = [each.requires_grad_() if isinstance(each, torch.Tensor) and each.is_floating_point() else each for each in args]
        first = {name: value.clone() for name, value in module.state_dict().items()}
        out = module(*leaves, **kwargs)
        outputs = [each for each in (out if isinstance(out, tuple) else (out,)) if each.requires_grad]
        sum((each * torch.linspace(1, 2, each.numel()).view(each.shape)).sum() for each in outputs).backward()
        gradients = [each.grad for each in leaves if isinstance(each, torch.Tensor)]
        values = [each.detach() for each in (out if isinstance(out, tuple) else (out,))]        # their histories are the functions' matter
        shown = str(module), signature(type(module)), attributes(module), first, values, gradients, [each.grad for each in module.parameters()]
        return [*shown, dict(module.named_buffers()), type(module).__module__.split(".")[1:]]
    return run


@expressions("""
run(nn.Identity(3, a=4), R(2))
run(nn.Linear(3, 2), R(4, 3)), run(nn.Linear(3, 2, bias=False), R(3)), run(nn.Linear(2, 2, dtype=torch.float64), R(1, 2).double())
run(nn.Bilinear(2, 3, 4), R(5, 2), R(5, 3)), run(nn.Bilinear(2, 3, 1, bias=False), R(5, 2), R(5, 3))
run(nn.Flatten(), R(2, 3, 4)), run(nn.Flatten(0, 1), R(2, 3, 4)), run(nn.Unflatten(1, (2, 3)), R(2, 6))
run(nn.ReLU(), R(5)), run(nn.ReLU6(), R(5)), run(nn.LeakyReLU(0.2), R(5)), run(nn.Hardtanh(-0.5, 0.3), R(5)), run(nn.Threshold(0.1, 20), R(5))
run(nn.RReLU(), R(5)), run(nn.RReLU(0.1, 0.2).eval(), R(5)), run(nn.PReLU(), R(2, 3)), run(nn.PReLU(3, 0.5), R(2, 3))
run(nn.ELU(), R(5)), run(nn.CELU(0.5), R(5)), run(nn.SELU(), R(5)), run(nn.GELU(), R(5)), run(nn.GELU("tanh"), R(5)), run(nn.SiLU(), R(5))
run(nn.Mish(), R(5)), run(nn.Softplus(2, 1), R(5)), run(nn.GLU(), R(2, 4)), run(nn.Sigmoid(), R(5)), run(nn.Tanh(), R(5)), run(nn.LogSigmoid(), R(5))
run(nn.Softsign(), R(5)), run(nn.Tanhshrink(), R(5)), run(nn.Hardsigmoid(), R(5)), run(nn.Hardswish(), R(5)), run(nn.Hardshrink(), R(5))
run(nn.Softshrink(0.2), R(5)), run(nn.Softmax(1), R(2, 3)), run(nn.Softmin(dim=0), R(2, 3)), run(nn.LogSoftmax(-1), R(2, 3)), run(nn.Softmax2d(), R(3, 2, 2))
str(nn.ReLU(True)), str(nn.ELU(2, True)), str(nn.Hardswish(True)), str(nn.Mish(True)), str(nn.Threshold(1, 2, True)), str(nn.RReLU(inplace=True)), str(nn.Hardtanh(-2, 1, True))
run(nn.Dropout(), R(4, 4)), run(nn.Dropout(0.3).eval(), R(4)), run(nn.Dropout1d(), R(2, 3, 2)), run(nn.Dropout2d(0.4), R(2, 3, 2, 2)), run(nn.Dropout3d(), R(1, 3, 2, 1, 1))
run(nn.AlphaDropout(), R(20)), run(nn.FeatureAlphaDropout(0.3), R(2, 3, 2)), str(nn.Dropout(inplace=True))
run(nn.Embedding(4, 3, padding_idx=-3), I(0, 1, 3)), run(nn.Embedding(4, 3, max_norm=1.0, norm_type=1.0), I(0, 1, 3))
run(nn.Embedding.from_pretrained(R(3, 2), freeze=False, padding_idx=1), I(0, 1)), nn.Embedding.from_pretrained(R(3, 2)).weight
run(nn.EmbeddingBag(4, 3), I(0, 1, 3, 2), I(0, 3)), run(nn.EmbeddingBag(4, 3, mode="sum", padding_idx=1), I(0, 1, 3, 2), I(0, 3))
run(nn.EmbeddingBag.from_pretrained(R(3, 2), freeze=False, mode="max"), I(0, 1, 2).view(1, 3)), str(nn.EmbeddingBag(3, 4, max_norm=1.0, sparse=True, include_last_offset=True))
run(nn.Conv1d(2, 4, 3, stride=2, groups=2, padding_mode="circular", padding=1), R(2, 2, 6)), run(nn.Conv1d(2, 1, 3, dilation=2, padding="same"), R(2, 6))
run(nn.Conv2d(2, 3, (2, 3), padding=(1, 0)), R(1, 2, 4, 4)), run(nn.Conv2d(1, 2, 3, padding="same", padding_mode="reflect", bias=False), R(1, 1, 4, 4))
run(nn.Conv3d(1, 2, 2, padding="valid"), R(1, 1, 3, 3, 2)), nn.Conv2d(1, 2, (4, 3), padding="same", dilation=(1, 2))._reversed_padding_repeated_twice
run(nn.ConvTranspose1d(2, 2, 3, stride=2), R(1, 2, 4), output_size=[10]), run(nn.ConvTranspose1d(2, 2, 3, 2, 1, 1, groups=2, bias=False, dilation=2), R(2, 4))
run(nn.ConvTranspose2d(2, 3, 2), R(1, 2, 2, 3)), run(nn.ConvTranspose3d(1, 2, 2, output_padding=0), R(1, 1, 2, 1, 2))
run(nn.MaxPool1d(2), R(1, 2, 5)), run(nn.MaxPool2d(2, padding=1, return_indices=True), R(1, 2, 4, 4)), run(nn.MaxPool3d(2, 1), R(1, 1, 3, 2, 2))
run(nn.AvgPool1d(2), R(1, 2, 5)), run(nn.AvgPool2d(2, padding=1, ceil_mode=True, divisor_override=3), R(1, 2, 3, 4)), run(nn.AvgPool3d(2, 1), R(1, 1, 3, 2, 2))
run(nn.LPPool1d(2, 3), R(1, 2, 5)), run(nn.LPPool2d(2, (2, 3)), R(1, 2, 4, 4)), run(nn.LPPool3d(2, 2), R(1, 1, 2, 2, 2))
run(nn.AdaptiveAvgPool1d(3), R(1, 2, 5)), run(nn.AdaptiveAvgPool2d((1, None)), R(1, 2, 3, 4)), run(nn.AdaptiveAvgPool3d(1), R(1, 1, 3, 2, 2))
run(nn.AdaptiveMaxPool1d(3), R(1, 2, 5)), run(nn.AdaptiveMaxPool2d((1, None), return_indices=True), R(1, 2, 3, 4)), run(nn.AdaptiveMaxPool3d(1), R(1, 1, 3, 2, 2))
run(nn.MaxUnpool1d(2), R(1, 1, 2), I(0, 3).view(1, 1, 2)), run(nn.MaxUnpool2d(2), R(1, 1, 1, 2), I(1, 6).view(1, 1, 1, 2)), run(nn.MaxUnpool3d(2, 2), R(1, 1, 1, 1, 1), I(5).view(1, 1, 1, 1, 1))
run(nn.CircularPad1d(1), R(1, 2, 3)), run(nn.CircularPad2d((1, 0, 1, 1)), R(1, 2, 3, 3)), run(nn.CircularPad3d(1), R(1, 1, 2, 2, 2))
run(nn.ConstantPad1d(1, 2.5), R(1, 2, 3)), run(nn.ConstantPad2d((1, 0, 1, 1), -1), R(2, 3, 3)), run(nn.ConstantPad3d(1, 0.5), R(1, 1, 2, 2, 2))
run(nn.ReflectionPad1d(1), R(1, 2, 3)), run(nn.ReflectionPad2d((1, 0, 1, 1)), R(2, 3, 3)), run(nn.ReflectionPad3d(1), R(1, 1, 2, 2, 2))
run(nn.ReplicationPad1d(1), R(1, 2, 3)), run(nn.ReplicationPad2d((1, 0, 1, 1)), R(2, 3, 3)), run(nn.ReplicationPad3d(1), R(1, 1, 2, 2, 2))
run(nn.ZeroPad1d(1), R(1, 2, 3)), run(nn.ZeroPad2d((1, 0, 1, 1)), R(2, 3, 3)), run(nn.ZeroPad3d(1), R(1, 1, 2, 2, 2)), isinstance(nn.ZeroPad2d(1), nn.ConstantPad2d)
run(nn.BatchNorm1d(3), R(4, 3)), run(nn.BatchNorm1d(3, momentum=None, bias=False), R(4, 3, 2)), run(nn.BatchNorm1d(3).eval(), R(4, 3))
run(nn.BatchNorm2d(2, affine=False), R(3, 2, 2, 2)), run(nn.BatchNorm3d(2, track_running_stats=False), R(2, 2, 2, 1, 2))
run(nn.InstanceNorm1d(2), R(3, 2, 4)), run(nn.InstanceNorm1d(2, affine=True), R(2, 4)), run(nn.InstanceNorm2d(2, track_running_stats=True), R(1, 2, 3, 3))
run(nn.InstanceNorm3d(1), R(1, 1, 2, 2, 3)), run(nn.InstanceNorm1d(3), R(3, 2, 4))
run(nn.LayerNorm(4), R(2, 4)), run(nn.LayerNorm([3, 4], bias=False), R(2, 3, 4)), run(nn.LayerNorm(4, elementwise_affine=False), R(2, 4))
run(nn.GroupNorm(2, 4), R(2, 4, 3)), run(nn.GroupNorm(1, 2, affine=False), R(2, 2, 3)), run(nn.GroupNorm(1, 2, bias=False), R(2, 2, 3))
run(nn.RMSNorm(4), R(2, 4)), run(nn.RMSNorm([4], eps=1e-3, elementwise_affine=False), R(2, 4)), run(nn.LocalResponseNorm(2), R(1, 4, 3))
run(nn.CosineSimilarity(), R(3, 4), R(3, 4)), run(nn.PairwiseDistance(keepdim=True), R(3, 4), R(3, 4)), run(nn.PixelShuffle(2), R(1, 4, 2, 2)), run(nn.PixelUnshuffle(2), R(1, 1, 2, 4))
run(nn.ChannelShuffle(2), R(1, 4, 2, 2)), run(nn.Fold((3, 3), 2), R(1, 4, 4)), run(nn.Unfold(2, padding=1), R(1, 1, 2, 2))
run(nn.Upsample(scale_factor=2), R(1, 1, 3)), run(nn.Upsample(size=(4, 5), mode="bilinear", align_corners=True), R(1, 1, 2, 2)), str(nn.Upsample(scale_factor=(2, 3)))
run(nn.UpsamplingNearest2d(scale_factor=2), R(1, 1, 2, 2)), run(nn.UpsamplingBilinear2d((3, 3)), R(1, 1, 2, 2))
run(nn.L1Loss(), R(3), T(3)), run(nn.MSELoss(reduction="sum"), R(3), T(3)), run(nn.SmoothL1Loss(beta=0.5), R(3), T(3)), run(nn.HuberLoss(delta=0.5), R(3), T(3))
run(nn.NLLLoss(), R(2, 3), I(0, 2)), run(nn.NLLLoss(W(3), ignore_index=2), R(2, 3), I(0, 2)), run(nn.CrossEntropyLoss(W(3), label_smoothing=0.1), R(2, 3), I(0, 2))
run(nn.BCELoss(), T(3).sigmoid(), T(3).sigmoid()), run(nn.BCEWithLogitsLoss(W(3), pos_weight=W(3)), R(3), T(3).sigmoid()), run(nn.KLDivLoss(reduction="batchmean", log_target=True), R(2, 3), T(2, 3))
run(nn.PoissonNLLLoss(full=True), R(3), W(3)), run(nn.GaussianNLLLoss(full=True), R(3), T(3), W(3)), run(nn.CTCLoss(), R(5, 1, 3).log_softmax(2).detach(), I(1, 2).view(1, 2), I(5), I(2))
run(nn.MarginRankingLoss(0.1), R(3), R(3), T(3).sign()), run(nn.HingeEmbeddingLoss(0.5), R(3), T(3).sign()), run(nn.SoftMarginLoss(), R(3), T(3).sign())
run(nn.CosineEmbeddingLoss(0.1), R(3, 2), R(3, 2), I(1, -1, 1)), run(nn.MultiLabelMarginLoss(), R(1, 3), I(2, -1, 0).view(1, 3)), run(nn.MultiLabelSoftMarginLoss(W(3)), R(2, 3), T(2, 3).sigmoid())
run(nn.MultiMarginLoss(2, 0.5, W(3)), R(2, 3), I(0, 2)), run(nn.TripletMarginLoss(swap=True), R(2, 3), R(2, 3), R(2, 3)), run(nn.TripletMarginWithDistanceLoss(), R(2, 3), R(2, 3), R(2, 3))
""")
def test_run(torch):
    return {"nn": torch.nn, "run": runner(torch), "R": torch.randn, "T": torch.randn, "W": lambda size: torch.rand(size) + 0.5,
            "I": lambda *numbers: torch.tensor(numbers)}


@expressions("""
nn.Conv1d(3, 4, 1, groups=0)
nn.Conv1d(3, 3, 1, groups=2, padding="x")
nn.Conv1d(4, 3, 1, groups=2)
nn.Conv1d(4, 4, 1, padding="same", stride=2, padding_mode="q")
nn.ConvTranspose1d(4, 4, 1, groups=0, padding_mode="circular")
nn.ConvTranspose1d(2, 1, 3, stride=2)(x, output_size=[20])
nn.ConvTranspose1d(2, 1, 3, stride=2)(x, output_size=[1, 10])
nn.CircularPad1d((1, 2))(torch.ones(2))
nn.GroupNorm(2, 3)
nn.BatchNorm1d(2)(torch.ones(2))
nn.BatchNorm1d(2)(torch.ones(1, 2))
nn.BatchNorm2d(2)(torch.ones(2, 2))
nn.InstanceNorm1d(3, affine=True)(torch.ones(2, 4, 5))
nn.InstanceNorm2d(3)(torch.ones(4, 5))
nn.Linear(-1, 3)
nn.Linear(0, 3).weight, nn.Linear(3, 0).bias
nn.Bilinear(0, 2, 3)
nn.Dropout(1.5)
nn.Hardtanh(2, 1)
nn.Softmax2d()(torch.ones(2))
nn.Unflatten(1, 3)
nn.Unflatten(1, (2, 3.0))
nn.ReLU(3, 4)
nn.Sigmoid(3)
nn.MSELoss(size_average=False).reduction, nn.MSELoss(reduce=False).reduction, nn.MSELoss(reduction="foo").reduction
nn.MSELoss(reduction="foo")(x, x)
nn.CrossEntropyLoss(weight=[1.0])
nn.CrossEntropyLoss(weight=torch.ones(2)).state_dict(), list(nn.BCEWithLogitsLoss(pos_weight=torch.ones(2)).state_dict())
nn.HuberLoss(delta="x")
nn.MultiMarginLoss(p=3)
nn.MultiMarginLoss(weight=torch.ones(2, 2))
nn.TripletMarginLoss(margin=0)
nn.TripletMarginWithDistanceLoss(margin=-1)
nn.Embedding(3, 2, padding_idx=3)
nn.Embedding(3, 2, _weight=torch.ones(2, 2))
nn.EmbeddingBag(3, 2, padding_idx=-4)
nn.Embedding.from_pretrained(torch.ones(2))
nn.Linear(3, 2)(x)
""")
def test_refused(torch):
    return {"nn": torch.nn, "x": torch.ones(1, 2, 4)}


@both_worlds
def test_batch_statistics_over_several_batches(torch):
    for momentum in (0.1, None):
        layer = torch.nn.BatchNorm1d(2, momentum=momentum)
        for _ in range(3):
            layer(torch.randn(4, 2))
        yield layer.running_mean, layer.running_var, layer.num_batches_tracked, layer.eval()(torch.randn(2, 2))
        layer.reset_running_stats()
        yield layer.state_dict()


@both_worlds
def test_layers_of_a_subclass(torch):
    class Doubled(torch.nn.ReLU):
        def __init__(self):
            super().__init__(inplace=False)

        def forward(self, input):
            return 2 * super().forward(input)

    class Weighted(torch.nn.modules.loss._WeightedLoss):
        def forward(self, input):
            return (input * self.weight).sum()

    yield Doubled()(torch.tensor([-1.0, 2.0])), str(Doubled()), Weighted(torch.ones(2))(torch.ones(2)), str(Weighted())


@both_worlds
def test_the_node_of_a_linear_layer_names_the_bias_first(torch):
    layer = torch.nn.Linear(3, 2)
    for x in (torch.ones(4, 3), torch.ones(4, 3, requires_grad=True).relu()):
        node = layer(x).grad_fn
        yield node.name(), [None if each is None else each.name() for each, _ in node.next_functions[:2]]
    yield layer(torch.ones(4, 3)).grad_fn.next_functions[0][0].variable is layer.bias
