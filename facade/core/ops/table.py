"""The table of operators: a row is torch's own signature line, a pure JAX function, a kind of promotion and one sentence.

    op("exp(Tensor self) -> Tensor", jnp.exp, FLOAT, doc="e to the power of each element")

From the row follow the function, the method, `exp_`, `out=`, the node's name, view or copy, docs and tests. A row is also
the engine's operator: `specialize` binds the static arguments, casts the operands and answers with the pure function.
"""


import jax
import jax.numpy as jnp

from facade.core import dtypes
from facade.core.engine import Spec
from facade.core.errors import broadcast_shapes
from facade.core.ops.promotion import PLAIN
from facade.core.ops.schema import parse
from facade.core.tensor.history import KernelNode, Saves, node_class
from facade.core.tensor.of_result import OfResult, ResultNode
from facade.core.tensor.stated import StatedNode

ARRAY = type("ARRAY", (), {"__repr__": lambda self: "ARRAY", "__slots__": ()})()     # in statics: "the next input goes here"


class Arrays:
    """In statics: the next `count` inputs go here, as a list."""

    __slots__ = ("count",)
    _made = {}

    def __new__(cls, count):
        made = cls._made.get(count)
        if made is None:
            made = cls._made[count] = object.__new__(cls)
            made.count = count
        return made


class Row:
    """One operator. See `op` for the fields."""

    sized = True        # for the engine: a pure function of its operands' sizes

    __slots__ = ("schema", "function", "kind", "doc", "at", "method", "inplace", "node_name", "node", "view", "place", "strides",
                 "static", "numbers", "differentiable", "saves", "array_params", "check", "out", "twin", "guard", "derivative", "span")

    @property
    def name(self):
        """The name users call, without the overload."""
        return self.schema.name

    def __repr__(self):
        return f"<row {self.schema.line}>"

    def arguments(self, statics):
        """(parameter, its static argument) for each argument, in the order of the signature."""
        return list(zip((param for param in self.schema.params if not param.is_ignored), statics))

    def operand_names(self, statics):
        """The name of the parameter that each input was given for."""
        return [param.name for param, static in self.arguments(statics)
                for _ in range(static.count if static.__class__ is Arrays else static is ARRAY)]

    def specialize(self, specs, statics):
        """The pure function of the inputs at these specs."""
        dtype = self.kind.compute([spec for spec in specs if spec is not None])
        if self.kind.pointwise:
            broadcast_shapes(*(spec.shape for spec in specs if type(spec) is Spec))
        if self.check is not None:
            self.check(*_arrange(statics, specs))
        cast = None if dtype is None else dtype.numpy
        function = self.function

        def run(*arrays):
            if cast is not None:
                arrays = [array if array is None else array.astype(cast) for array in arrays]
            return function(*_arrange(statics, arrays))
        return run

    def derive(self, inputs, results, cotangents, statics):
        """The gradients of the inputs, by the row's own derivative."""
        found = self.derivative(_arrange(statics, inputs), results, cotangents)
        return [gradient for gradient, static in zip(found, statics) if static is ARRAY]


def _arrange(statics, arrays):
    """The arguments in the order of the signature: inputs where statics say so, and the static values."""
    rest = iter(arrays)
    return [next(rest) if static is ARRAY else [next(rest) for _ in range(static.count)] if static.__class__ is Arrays else static
            for static in statics]


COMPARISONS = {"eq", "ne", "lt", "le", "gt", "ge"}


class InPlace:
    """The twin of a row that writes to its first operand: the result is cast to that tensor's dtype, and must have its shape."""

    __slots__ = ("row",)
    sized = True

    def __init__(self, row):
        self.row = row

    def operand_names(self, statics):
        """As the row's."""
        return self.row.operand_names(statics)

    def specialize(self, specs, statics):
        """The row's function, with the checks and the cast. What no kernel takes is told last, as in torch."""
        target = specs[0]
        try:
            function = self.row.specialize(specs, statics)
        except NotImplementedError:
            if self.row.kind.pointwise:
                self._fits(target, broadcast_shapes(*(spec.shape for spec in specs if type(spec) is Spec)), self._computed(specs))
            raise
        shapes = [jax.ShapeDtypeStruct(spec.shape, spec.dtype) if type(spec) is Spec else spec and jnp.zeros((), spec) for spec in specs]
        result = jax.eval_shape(function, *shapes)
        self._fits(target, result.shape, dtypes.BY_NUMPY[jnp.dtype(result.dtype)])
        return lambda *arrays: function(*arrays).astype(target.dtype)

    def _computed(self, specs):
        """The dtype of the results: a comparison's are bools whatever is compared."""
        return dtypes.bool if self.row.name in COMPARISONS else self.row.kind.compute([spec for spec in specs if spec is not None])

    @staticmethod
    def _fits(target, shape, made):
        """Raise if a result of this shape and dtype cannot be written to the target."""
        wanted = dtypes.BY_NUMPY[target.dtype]
        if shape != target.shape:
            raise RuntimeError(f"output with shape {list(target.shape)} doesn't match the broadcast shape {list(shape)}")
        if not dtypes.can_cast(made, wanted):
            raise RuntimeError(f"result type {made.legacy} can't be cast to the desired output type {wanted.legacy}")


TABLE = []      # every row, in the order of the files


def op(line, function, kind=PLAIN, *, doc, at="torch Tensor", inplace=None, node=None, place=None, strides=None, span=None, static=(),
       numbers=None, differentiable=True, saves=None, check=None, out=None, derivative=None, of_result=None):
    """Add a row.

    line: torch's signature; function: arrays and static arguments in its order, pure; doc: one sentence.
    kind: of promotion (see promotion.py). at: the namespaces that have it ('nn.functional', 'linalg', ...).
    inplace: whether there is an in-place twin; the pointwise ones have. out: whether `out=` is in the signature that errors show.
    static: Scalar parameters that are compiled in. numbers: whether Python numbers may stand for tensors after the first.
    check: called with specs in place of arrays, raises on bad input.

    For the derivative: differentiable: whether results take part in a graph; node: its name where torch's differs from the rule
    ('NotImplemented' where torch has none); saves: the names of the parameters and results that torch's node keeps, where these
    are not the inputs that the derivative of `function` depends on ('result' for the only one); of_result: (result, cotangent, static
    arguments) -> the gradient of the one input, where that is torch's formula; derivative: where
    jax.vjp would repeat a loop, a function (arguments, results, cotangents or None) -> the gradients
    of the arguments, which sees what the row's function returned.

    For a view: place: how to write through it; strides: where its elements lie; span: statics, numbers -> the slice of the first
    dimension that it looks at, or None.
    """
    row = Row()
    row.schema = schema = parse(line)
    row.function, row.kind, row.doc, row.at = function, kind, doc, tuple(at.split())
    row.array_params = tuple(param for param in schema.params if param.is_array and param.name not in static)
    row.view, row.place, row.strides, row.static, row.span = schema.returns_view, place, strides, tuple(static), span
    row.inplace = kind.pointwise and not row.view and schema.params[0].name == "self" if inplace is None else inplace
    row.numbers = kind.pointwise if numbers is None else numbers
    row.differentiable, row.saves, row.check = differentiable, saves, check
    row.out = not row.view if out is None else out
    row.node_name = node or node_name(schema.name)
    row.derivative = derivative
    base = StatedNode if derivative is not None else ResultNode if of_result is not None else KernelNode
    given = {} if of_result is None else {"of_result": OfResult(of_result, lambda static: static is not ARRAY)}
    row.node = node_class(row.node_name, base, **given, saves=_saves(saves, schema),
                          tensor_inputs=_leading_tensors(schema) if row.numbers else 0,
                          underivable="linalg_" * (row.at == ("linalg",)) + schema.name if row.node_name == "NotImplemented" else None)
    row.twin = InPlace(row) if row.inplace else None
    row.guard = None        # see guards.py
    TABLE.append(row)
    return row


def _saves(names, schema):
    """`names`, as op() takes them, told apart."""
    if names is None:
        return None
    results = [name or "result" + str(place) * (len(schema.results) > 1) for place, name in enumerate(schema.results)]
    inputs = set(names.split()) - set(results)
    if not inputs <= {param.name for param in schema.params}:
        raise ValueError(f"{schema.line} has not what it saves: {names}")
    return Saves(frozenset(inputs), tuple((name, place) for place, name in enumerate(results) if name in names.split()))


def _leading_tensors(schema):
    """How many parameters from the first on are single tensors."""
    count = 0
    for param in schema.params:
        if param.type != "Tensor" or param.is_list:
            break
        count += 1
    return count


def node_name(name):
    """The name torch gives the derivative of `name`: log_softmax -> LogSoftmaxBackward0."""
    return "".join(piece[:1].upper() + piece[1:] for piece in name.strip("_").split("_")) + "Backward0"


