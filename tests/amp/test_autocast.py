"""Autocast on the CPU: what every operator computes in, for float32 and bfloat16 inputs; the context, its switches, and what cannot be."""

import warnings

import pytest

from tests.worlds import both_worlds, expressions, refusal

NAMES = "A B V X Y W C T Z P Q L H".split()


def tensors(torch, dtype):
    """Inputs of the usual shapes: matrices A B, a vector V, batches X Y, images C with weights W, probabilities P Q, labels L, a volume H."""
    make = lambda *shape: (torch.arange(float(torch.Size(shape).numel())).reshape(shape) / 10).to(dtype)  # noqa: E731
    return {"A": make(3, 3), "B": make(3, 3) + 1, "V": make(3), "X": make(2, 3, 3), "Y": make(2, 3, 3) + 1, "W": make(2, 3, 2, 2), "C": make(1, 3, 4, 4),
            "T": make(2, 3, 2), "Z": make(1, 3, 4), "P": make(3) / 10 + 0.1, "Q": make(3) / 10 + 0.2, "L": torch.tensor([0, 2, 1]), "H": make(1, 1, 4, 4, 4),
            "M": torch.eye(3).to(dtype), "F": torch.nn.functional, "torch": torch}


EXPRESSIONS = """
A @ B
A @ V
V @ V
X @ Y
X @ V
torch.matmul(A, B)
torch.mm(A, B)
torch.mv(A, V)
torch.dot(V, V)
torch.bmm(X, Y)
torch.addmm(A, A, B)
torch.baddbmm(X, X, Y)
torch.addbmm(A, X, Y)
torch.addmv(V, A, V)
torch.outer(V, V)
torch.einsum('ij,jk->ik', A, B)
torch.tensordot(A, B, dims=1)
torch.linalg.multi_dot([A, B, A])
torch.linalg.matrix_power(A, 2)
torch.linalg.vecdot(A, B)
torch.chain_matmul(A, B)
F.linear(A, B, V)
F.linear(V, B)
F.bilinear(A, B, X, None)
F.conv1d(Z, T)
F.conv2d(C, W)
F.conv_transpose1d(Z, T.transpose(0, 1))
F.conv3d(H, H)
F.prelu(A, V[:1])
F.scaled_dot_product_attention(X, Y, X)
F.softmax(A, -1)
F.log_softmax(A, -1)
F.layer_norm(A, (3,))
F.gelu(A)
F.avg_pool2d(C, 2)
F.avg_pool3d(H, 2)
F.adaptive_avg_pool3d(H, 2)
F.max_pool3d(H, 2)
F.binary_cross_entropy(P, Q)
F.binary_cross_entropy_with_logits(V, P)
F.cross_entropy(A, L)
F.cross_entropy(A.sin(), L)
F.cross_entropy(A.sin(), L, label_smoothing=0.1)
F.cross_entropy(A.sin(), P)
F.cross_entropy(A.sin(), A.cos())
F.nll_loss(A.sin(), L)
F.nll_loss(A, L)
F.mse_loss(A, B)
F.l1_loss(A, B)
F.smooth_l1_loss(A, B)
F.huber_loss(A, B)
F.kl_div(A, B)
F.poisson_nll_loss(A, B)
F.soft_margin_loss(A, B)
F.hinge_embedding_loss(A, B)
F.margin_ranking_loss(V, V, V)
F.cosine_embedding_loss(A, B, V)
F.triplet_margin_loss(A, B, A)
F.multi_margin_loss(A, L)
F.cosine_similarity(A, B)
F.pairwise_distance(A, B)
F.grid_sample(C, C[:, :2].permute(0, 2, 3, 1))
torch.cdist(A, B)
torch.prod(A)
torch.prod(A, 0)
torch.trace(A)
torch.quantile(V, 0.5)
torch.nanquantile(V, 0.5)
torch.fft.fft(V)
torch.fft.rfft(V)
torch.linalg.cholesky(M)
torch.linalg.cholesky_ex(M)[0]
torch.cat([A, A.float()])
torch.stack([A, A.float()])
torch.cat([A, A])
A + B
A * V
A.sum()
A.mean()
A.pow(2)
A.exp()
A.norm()
A.cumsum(0)
torch.nn.Linear(3, 2)(A.float())
torch.nn.LSTM(3, 2)(X.float())[0]
torch.nn.GRU(3, 2)(X.float())[0]
torch.nn.LSTMCell(3, 2)(A.float())[0]
torch.nn.MultiheadAttention(4, 2)(Z, Z, Z)[0]
torch.nn.Conv2d(3, 2, 2)(C.float())
torch.nn.BatchNorm1d(3)(A.float())
""".strip().splitlines()


@pytest.mark.parametrize("expression", EXPRESSIONS)
@both_worlds
def test_dtypes(torch, expression):
    for dtype in (torch.float32, torch.bfloat16):
        for device_dtype in (torch.bfloat16, torch.float16):
            if device_dtype is torch.float16 and (dtype is torch.bfloat16 or "LSTM(" in expression):     # which torch has not on every processor
                continue
            with torch.autocast("cpu", dtype=device_dtype):
                found = refusal(lambda: eval(expression, tensors(torch, dtype)))
            yield found.dtype if isinstance(found, torch.Tensor) else "refused"


@both_worlds
def test_context(torch):
    a = torch.ones(2, 2, requires_grad=True)
    yield torch.is_autocast_enabled(), torch.is_autocast_enabled("cpu"), torch.get_autocast_dtype("cpu"), torch.get_autocast_dtype("cuda")
    with torch.autocast("cpu") as context:
        yield type(context).__module__.partition(".")[2], torch.is_autocast_enabled("cpu"), torch.is_autocast_enabled()
        product = a @ a
        yield product, product.grad_fn.next_functions[0][0].name()
        with torch.autocast("cpu", enabled=False):
            yield torch.is_autocast_enabled("cpu"), (a @ a).dtype
        yield (a.double() @ a.double()).dtype, refusal(lambda: torch.mm(a, a.double()))
        yield torch.nn.functional.mse_loss(a.bfloat16(), a).dtype
    product.float().sum().backward()
    yield a.grad, (a @ a).dtype, torch.is_autocast_enabled("cpu"), torch.get_autocast_dtype("cpu")

    @torch.autocast("cpu", dtype=torch.float16)
    def decorated(x):
        """Named."""
        return x @ x
    yield decorated(a.detach()).dtype, decorated.__name__, decorated.__doc__
    with refuse_quietly(torch):
        yield (a @ a).dtype


def refuse_quietly(torch):
    """A context that has no effect, without its warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.autocast("cpu", dtype=torch.float32)


@both_worlds
def test_switches(torch):
    a = torch.ones(2, 2)
    torch.set_autocast_enabled("cpu", True)
    yield (a @ a).dtype
    torch.set_autocast_dtype("cpu", torch.float16)
    yield (a @ a).dtype, torch.get_autocast_dtype("cpu")
    torch.set_autocast_dtype("cpu", torch.bfloat16)
    torch.set_autocast_enabled("cpu", False)
    yield (a @ a).dtype, torch.is_autocast_cache_enabled(), torch.autocast_increment_nesting(), torch.autocast_decrement_nesting()
    torch.clear_autocast_cache()


@both_worlds
def test_training(torch):
    """Weights stay float32, and so do their gradients."""
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 2))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    for _ in range(2):
        optimizer.zero_grad()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            output = model(torch.ones(5, 3))
            loss = torch.nn.functional.cross_entropy(output, torch.tensor([0, 1, 0, 1, 0]))
        loss.backward()
        optimizer.step()
        yield output.dtype, loss.dtype, [each.grad.dtype for each in model.parameters()]


@both_worlds
def test_functions_of_ones_own(torch):
    class Product(torch.autograd.Function):
        @staticmethod
        @torch.amp.custom_fwd(device_type="cpu", cast_inputs=torch.float32)
        def forward(ctx, a, b):
            print(a.dtype, torch.is_autocast_enabled("cpu"))
            ctx.save_for_backward(a, b)
            return a @ b

        @staticmethod
        @torch.amp.custom_bwd(device_type="cpu")
        def backward(ctx, grad):
            a, b = ctx.saved_tensors
            print(grad.dtype, torch.is_autocast_enabled("cpu"))
            return grad @ b.T, a.T @ grad
    a = torch.ones(2, 2, requires_grad=True)
    with torch.autocast("cpu"):
        made = Product.apply(a.bfloat16(), a)
    yield made.dtype
    made.sum().backward()
    yield a.grad
    yield refusal(lambda: torch.amp.custom_fwd(lambda x: x, device_type=3))


@expressions("""
torch.autocast(3)
torch.autocast("cuda", enabled=False)._enabled
torch.amp.autocast is torch.autocast, torch.amp.is_autocast_available("cpu"), torch.amp.is_autocast_available("cuda")
torch.amp.__all__
torch.get_autocast_dtype("cpu"), torch.is_autocast_cache_enabled()
quiet(lambda: torch.cuda.amp.autocast()._enabled)
quiet(lambda: torch.cpu.amp.autocast()._enabled)
quiet(lambda: torch.autocast("cuda"))._enabled
told(lambda: torch.autocast("cuda"))
told(lambda: torch.autocast("cpu", dtype=torch.float32))
told(lambda: torch.cuda.amp.autocast())
told(lambda: torch.cpu.amp.autocast())
""")
def test_call(torch):
    def told(function):
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            function()
        return [(each.category.__name__, str(each.message)) for each in seen]

    def quiet(function):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return function()
    return {"told": told, "quiet": quiet}
