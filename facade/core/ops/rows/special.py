"""torch.special: second names of operators that stand elsewhere, and what is found here alone."""

from facade.core.dtypes import COMPLEX, FLOAT
from facade.core.ops.kernels import special as kernels
from facade.core.ops.kernels.pointwise import in_float32, round_to
from facade.core.ops.promotion import FLOAT as FLOATS
from facade.core.ops.promotion import PROMOTE
from facade.core.ops.rows import activation, arithmetic, pointwise, reduction  # noqa: F401  (the rows must be there)
from facade.core.ops.supported import NOT_FLOAT, common_dtype, unimplemented
from facade.core.ops.table import TABLE, op

# the row's name -> its name in torch.special
NAMES = {name: (name,) for name in ("erf", "erfc", "erfinv", "exp2", "expm1", "i0", "log1p", "log_softmax", "logit", "polygamma", "sinc",
                                    "softmax", "xlogy")}
NAMES |= {"lgamma": ("gammaln",), "digamma": ("digamma", "psi"), "sigmoid": ("expit",), "mvlgamma": ("multigammaln",), "igamma": ("gammainc",),
          "igammac": ("gammaincc",)}


def _second_name(row, name):
    """The row once more, in torch.special."""
    op(name + row.schema.line[len(row.name):], row.function, row.kind, doc=row.doc, at="special", inplace=False, node=row.node_name,
       static=row.static, numbers=row.numbers, differentiable=row.differentiable, saves=row.saves, check=row.check)


for _row in list(TABLE):
    for _name in NAMES.get(_row.name, ()):
        if "torch" in _row.at and "special" not in _row.at:
            _second_name(_row, _name)


# ---------------------------------------------------------------- differentiable
def _check(name, halves):
    """The check that torch has a kernel for these dtypes."""
    def check(*arguments):
        common = common_dtype(arguments)
        if common.category == COMPLEX or not halves and common.category == FLOAT and common.itemsize == 2:
            raise NotImplementedError(f"\"{name}\" not implemented for '{common.legacy}'")
    return check


def _special(name, function, doc, halves=True, saves=None, node=None):
    op(f"{name}(Tensor self) -> Tensor", in_float32(function), FLOATS, at="special", inplace=False, doc=doc, saves=saves,
       node=node or "Special" + "".join(piece.capitalize() for piece in name.split("_")) + "Backward0",
       check=_check({"ndtr": "erf_vml_cpu"}.get(name, f"{name}_cpu"), halves))


_special("entr", kernels.entr, "-self * log(self), zero at zero, minus infinity below")
_special("erfcx", kernels.erfcx, "exp(self ** 2) * erfc(self)", halves=False, saves="self result")
_special("i0e", kernels.i0e, "exp(-|self|) * i0(self)", saves="self result", node="SpecialI0EBackward0")
_special("i1", kernels.i1, "The modified Bessel function of the first kind, of order 1", saves="self result")
_special("i1e", kernels.i1e, "exp(-|self|) * i1(self)", saves="self result", node="SpecialI1EBackward0")
_special("ndtr", kernels.ndtr, "The share of a standard normal distribution that lies below self", saves="", node="MulBackward1")
_special("ndtri", kernels.ndtri, "The number below which this share of a standard normal distribution lies", halves=False, saves="result")
_special("log_ndtr", kernels.log_ndtr, "The logarithm of ndtr, exact far below zero", halves=False, saves="self result")


def _of_two(name, function, doc, check, node, differentiable=True, names=("self", "other")):
    """The rows for two tensors, and for a number in place of either."""
    one, two = names
    overloads = ("", ("Tensor", "Tensor")), ("." + one + "_scalar", ("Scalar", "Tensor")), ("." + two + "_scalar", ("Tensor", "Scalar"))
    for number, (overload, kinds) in enumerate(overloads):
        op(f"{name}{overload}({kinds[0]} {one}, {kinds[1]} {two}) -> Tensor", function, FLOATS, at="special", inplace=False, numbers=False,
           node=node and node.format(number), differentiable=differentiable, check=check, doc=doc)


_of_two("xlog1py", in_float32(kernels.xlog1py), "self * log(1 + other), zero where self is", unimplemented("xlog1py_cpu", COMPLEX),
        "SpecialXlog1PyBackward{}")
_of_two("zeta", kernels.zeta, "The Hurwitz zeta function: the sum of (other + k) ** -self over k from 0", _check("zeta_cpu", False),
        "SpecialZetaBackward{}")

op("round(Tensor self, *, int decimals=0) -> Tensor", in_float32(round_to), PROMOTE, at="special", inplace=False, node="RoundBackward1",
   check=lambda self, decimals: unimplemented("round_cpu" if decimals else "round_vml_cpu", *NOT_FLOAT)(self),
   doc="Each element rounded to this many decimals")

# ---------------------------------------------------------------- without a derivative, as in torch
for _name, _function, _doc in (
        ("airy_ai", kernels.airy_ai, "Airy's function Ai"),
        ("bessel_j0", kernels.bessel_j0, "The Bessel function of the first kind, of order 0"),
        ("bessel_j1", kernels.bessel_j1, "The Bessel function of the first kind, of order 1"),
        ("bessel_y0", kernels.bessel_y0, "The Bessel function of the second kind, of order 0"),
        ("bessel_y1", kernels.bessel_y1, "The Bessel function of the second kind, of order 1"),
        ("modified_bessel_i0", kernels.special.i0, "The modified Bessel function of the first kind, of order 0"),
        ("modified_bessel_i1", kernels.special.i1, "The modified Bessel function of the first kind, of order 1"),
        ("modified_bessel_k0", kernels.k0, "The modified Bessel function of the second kind, of order 0"),
        ("modified_bessel_k1", kernels.k1, "The modified Bessel function of the second kind, of order 1"),
        ("scaled_modified_bessel_k0", kernels.scaled_k0, "exp(self) * modified_bessel_k0(self)"),
        ("scaled_modified_bessel_k1", kernels.scaled_k1, "exp(self) * modified_bessel_k1(self)"),
        ("spherical_bessel_j0", kernels.spherical_bessel_j0, "sin(self) / self, 1 at zero")):
    _argument = "x" if _name.startswith(("airy", "scaled", "spherical")) else "self"
    op(f"{_name}(Tensor {_argument}) -> Tensor", _function, FLOATS, at="special", inplace=False, differentiable=False,
       check=_check(f"{_name}_cpu", False), doc=_doc)

for _name, _function in kernels.POLYNOMIALS.items():
    _of_two(_name, _function, "The orthogonal polynomial of degree n at x", _check(f"{_name}_cpu", False), None, differentiable=False, names=("x", "n"))
