"""Type promotion: dimensioned tensors, tensors without dimensions, Python numbers, and results forced into a dtype."""

import pytest

from tests.worlds import both_worlds, expressions, refusal

DTYPES = ["bool", "uint8", "int8", "int16", "int32", "int64", "float16", "bfloat16", "float32", "float64", "complex64", "complex128"]
OPERATORS = {
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "floordiv": lambda a, b: a // b,
    "mod": lambda a, b: a % b,
    "pow": lambda a, b: a**b,
    "and": lambda a, b: a & b,
    "less": lambda a, b: a < b,
    "equal": lambda a, b: a == b,
    "shift": lambda a, b: a << b,
}


def outcome(torch, function, *arguments):
    result = refusal(function, *arguments)
    return result.dtype if isinstance(result, torch.Tensor) else result


@pytest.mark.parametrize("operator", OPERATORS.values(), ids=OPERATORS)
@both_worlds
def test_tensors(torch, operator):
    for one in DTYPES:
        for two in DTYPES:
            yield one, two, outcome(torch, operator, torch.ones(2, dtype=getattr(torch, one)), torch.ones(2, dtype=getattr(torch, two)))


@pytest.mark.parametrize("other", [True, 2, 2.5, 1j])
@pytest.mark.parametrize("operator", OPERATORS.values(), ids=OPERATORS)
@both_worlds
def test_python_number(torch, operator, other):
    for name in DTYPES:
        tensor = torch.ones(2, dtype=getattr(torch, name))
        yield name, outcome(torch, operator, tensor, other), outcome(torch, operator, other, tensor)


@both_worlds
def test_tensor_without_dimensions(torch):
    for one in DTYPES:
        for two in DTYPES:
            yield torch.ones(2, dtype=getattr(torch, one)).add(torch.ones((), dtype=getattr(torch, two))).dtype


@both_worlds
def test_in_place_keeps_the_dtype_or_refuses(torch):
    for one in DTYPES:
        for two in DTYPES:
            target = torch.ones(2, dtype=getattr(torch, one))
            yield outcome(torch, target.add_, torch.ones(2, dtype=getattr(torch, two)))


@expressions("""
torch.result_type(torch.ones(2, dtype=torch.int32), 1.5)
torch.result_type(1, 2.5)
torch.promote_types(torch.int32, torch.float16)
torch.can_cast(torch.float64, torch.int32), torch.can_cast(torch.float64, torch.float16)
torch.cat([torch.ones(1, dtype=torch.int64), torch.ones(1, dtype=torch.float16)])
torch.stack([torch.ones(1, dtype=torch.bool), torch.ones(1)])
torch.where(torch.tensor([True, False]), 1, 2.5)
torch.where(torch.tensor([True, False]), torch.ones(2, dtype=torch.int32), 2)
torch.ones(2, 2) @ torch.ones(2, 2, dtype=torch.float64)
torch.ones(2, dtype=torch.int64) @ torch.ones(2, dtype=torch.int64)
torch.ones(3, dtype=torch.int32).sum(), torch.ones(3, dtype=torch.bool).cumsum(0), torch.ones(3, dtype=torch.uint8).prod()
torch.ones(3, dtype=torch.int64).mean()
torch.ones(3, dtype=torch.bool).mean()
torch.ones(3).sum(dtype=torch.float64), torch.ones(3, dtype=torch.int64).mean(dtype=torch.float32)
torch.sin(torch.tensor([1, 2])), torch.sqrt(torch.tensor(4)), torch.exp(torch.tensor([True]))
torch.tensor([1, 2]).sin_()
torch.tensor([7, -7]) // 2, torch.tensor([7, -7]) % 3, torch.tensor([7., -7.]) // 2, torch.tensor([-7.5]) % 2
torch.tensor([7, -7]).fmod(3), torch.div(torch.tensor([7, -7]), 2, rounding_mode="trunc"), torch.div(torch.tensor([7, -7]), 2, rounding_mode="floor")
torch.div(torch.tensor([7.0]), 2, rounding_mode="up")
torch.tensor([1, 0]) // 0
torch.tensor([1.0, -1.0, 0.0]) / 0
torch.tensor([5]) / torch.tensor([0])
torch.tensor([2**62]) * 4, torch.tensor([255], dtype=torch.uint8) + torch.tensor([1], dtype=torch.uint8)
torch.tensor([1, 2]) + np.float64(1.5), np.float64(1.5) * torch.tensor([1.0]), torch.tensor([1.0]) + np.ones(1)
torch.clamp(torch.tensor([1, 5]), max=2.5), torch.maximum(torch.tensor([1]), torch.tensor([1.5]))
torch.lerp(torch.zeros(2), torch.ones(2), 0.25), torch.addcmul(torch.zeros(2), torch.ones(2), torch.ones(2), value=0.5)
torch.full((2,), 1).dtype, torch.full((2,), 1.0).dtype, torch.full((2,), True).dtype, torch.full((2,), 1j).dtype
torch.arange(3).dtype, torch.arange(3.0).dtype, torch.arange(0, 3, 0.5).dtype, torch.linspace(0, 1, 3, dtype=torch.float64).dtype
torch.ones(2, dtype=torch.int64).mul_(1.5)
torch.ones(2, dtype=torch.int64).pow_(0.5)
torch.ones(2, dtype=torch.bool).logical_and_(torch.zeros(2)).dtype
torch.ones(2, dtype=torch.int64).bitwise_and_(1.5)
torch.ones((), dtype=torch.int64).bitwise_and_(torch.ones(2))
torch.ones(2).lt_(torch.ones(3, 2, dtype=torch.complex64))
torch.ones(2, dtype=torch.int64).clamp(torch.ones(2, dtype=torch.complex64))
torch.ones(2, dtype=torch.bool).clamp(True, True)
torch.tensor([1.5, 2.5]) - np.array([1, 2]), np.array([1, 2]) / torch.tensor([1.5, 2.5]), torch.tensor([True]) & np.array([True])
torch.tensor([1.5]) == np.array([1.5]), torch.tensor([1.5]).mul_(2) == np.array([3, 3])
np.ones(2) * torch.ones(2)
torch.ones(2, requires_grad=True) * np.ones(2)
None + torch.ones(2)
+torch.tensor([True])
int(torch.tensor(1 + 2j))
torch.frombuffer(bytearray(7), dtype=torch.float32)
torch.frombuffer(bytearray(8), dtype=torch.float32, offset=8)
torch.full(2, 3)
torch.empty_strided((2, 3), (1,))
torch.arange(2**63)
torch.Generator().manual_seed("1")
torch.device("cpu", "1")
torch.ones(2).sort().foo
type(torch.ones(2).sort()) is torch.return_types.sort, torch.return_types.sort((torch.zeros(1), torch.ones(1)))
torch.return_types.sort((1,))
""")
def test_special_case(torch):
    """Names nothing: the line says all."""


@both_worlds
def test_default_dtype(torch):
    yield torch.get_default_dtype(), refusal(torch.set_default_dtype, torch.int64)
    torch.set_default_dtype(torch.float64)
    yield torch.tensor([1.5]), torch.ones(2), torch.arange(3), torch.rand(2).dtype, torch.tensor([1]) / 2, torch.tensor(1j).dtype
    yield torch.tensor([1.5], dtype=torch.float32), torch.Tensor([1]).dtype
