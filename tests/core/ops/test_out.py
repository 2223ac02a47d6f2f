"""`out=`: which dtypes and which memory suit which function, and what becomes of the tensor that is given."""

import warnings

import pytest

from tests.worlds import both_worlds, refusal

# What is computed of a square matrix `x`, a vector `v` and indices `i`; several results are in a tuple.
ONE = """abs(x) add(x,v) addmm(x,x,x) all(x,0) amax(x,0) angle(x) argmax(x,0) bmm(x[None],x[None]) cat([x,x]) ceil(x) complex(x,x) cross(x,x) cumsum(x,0)
diag(v) dot(v,v) eq(x,x) exp(x) fft.fft(x) fft.irfft(x) float_power(x,2) gather(x,0,i) heaviside(x,x) index_select(x,0,i[0]) inner(x,x)
isposinf(x) linalg.cholesky(x) linalg.cond(x) linalg.det(x) linalg.inv(x) linalg.norm(x) linalg.pinv(x) linalg.svdvals(x)
linalg.vecdot(x,x) log_softmax(x,0) logcumsumexp(x,0) logsumexp(x,0) masked_select(x,x>0) matmul(x,x) mean(x,0) mm(x,x) msort(x) mv(x,v)
nan_to_num(x) nansum(x,0) nonzero(x) norm(x) outer(v,v) polar(x,x) prod(x,0) quantile(x,0.5,0) renorm(x,2,0,1.) round(x) searchsorted(v,v) sigmoid(x)
signbit(x) softmax(x,0) special.i1(x) stack([v,v]) std(x,0) sub(x,v) sum(x,0) t_copy(x) take(x,i) tensordot(x,x) tril(x) var(x,0) where(x>0,x,v)
arange(3) eye(3) full((3,),2) linspace(0,1,3) ones(3) rand(3) randn(3) zeros(3)""".split()
SEVERAL = ["aminmax(x)", "cummax(x,0)", "frexp(x)", "geqrf(x)", "kthvalue(x,1)", "linalg.eigh(x)", "linalg.qr(x)", "linalg.slogdet(x)", "max(x,0)",
           "mode(x,0)", "sort(x)", "topk(x,2)"]
DTYPES = "float64", "int64", "complex64", "float16", "bool"


def computed(torch, call):
    """(the function, its arguments)"""
    x, v = torch.eye(3) + 0.5, torch.tensor([1.0, 2.0, 3.0])
    name, _, rest = call.partition("(")
    function = torch
    for part in name.split("."):
        function = getattr(function, part)
    return function, eval(f"({rest[:-1]},)", {"x": x, "v": v, "i": torch.tensor([[0, 1, 2]] * 3)})


@pytest.mark.parametrize("call", [*ONE, *SEVERAL])
@both_worlds
def test_dtypes_and_sizes(torch, call):
    torch.manual_seed(0)
    function, args = computed(torch, call)
    made = function(*args)
    results = made if isinstance(made, tuple) else (made,)
    given = (lambda outs: tuple(outs)) if isinstance(made, tuple) else (lambda outs: outs[0])
    for dtype in DTYPES:
        outs = [torch.zeros(each.shape, dtype=getattr(torch, dtype) if place == 0 else each.dtype) for place, each in enumerate(results)]
        error = refusal(lambda: function(*args, out=given(outs)))
        yield error if isinstance(error, Exception) else [str(each.dtype) for each in outs]
    outs = [torch.zeros((*each.shape, 2), dtype=each.dtype) for each in results]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        returned = function(*args, out=given(outs))
    yield [str(each.message)[:60] for each in caught], type(returned).__name__, [list(each.shape) for each in outs]


@both_worlds
def test_memory(torch):
    for call in ("mm(x,x)", "cat([x,x])", "cat([x[:1],x[1:]])", "triu(x)", "add(x,x[0])", "add(x.t(),1)", "gather(x,0,i)", "softmax(x,0)", "outer(x[0],x[0])",
                 "index_select(x,0,i[0])", "take(x,i)", "matmul(x,x)", "linalg.inv(x)", "exp(x)", "stack([x[0],x[1],x[2]])", "cumsum(x,0)"):
        function, args = computed(torch, call)
        x = args[0][0] if isinstance(args[0], list) else args[0]
        x = x if x._base is None else x._base
        error = refusal(lambda: function(*args, out=x))
        yield call, error if isinstance(error, Exception) else None


@both_worlds
def test_number_of_tensors(torch):
    x = torch.tensor([[3.0, 1.0, 2.0]])
    yield refusal(lambda: torch.sort(x, out=(torch.zeros(0),))), refusal(lambda: torch.add(x, 1, out=(torch.zeros(0),)))
    yield type(refusal(lambda: torch.sort(x, out=torch.zeros(0)))).__name__


@both_worlds
def test_row_of_another(torch):
    whole = torch.zeros(2, 3)
    for make in (lambda out: torch.arange(3, out=out), lambda out: torch.full((3,), 7, out=out), lambda out: torch.add(out, 1, out=out)):
        yield make(whole[1]), whole
    yield refusal(lambda: torch.zeros(3, out=torch.zeros(3, requires_grad=True))), refusal(lambda: torch.arange(3, out=whole[0], dtype=torch.int64))


@both_worlds
def test_nothing_is_written_by_a_call_that_fails(torch):
    values, indices = torch.full((3,), 9.0), torch.full((3,), 9.0)
    yield refusal(lambda: torch.sort(torch.tensor([3.0, 1.0, 2.0]), out=(values, indices))), indices


@both_worlds
def test_sums_are_computed_in_the_dtype_of_out(torch):
    x = torch.tensor([[1.5, 2.5], [3.25, 4.0]])
    for function in torch.sum, torch.prod, torch.cumsum, torch.cumprod:
        yield function(x, 0, out=torch.zeros(2, dtype=torch.int64)[:0]), function(x, 1, out=torch.zeros(0, dtype=torch.float64))
