"""A function of single samples, made a function of batches.

The function runs once, on one sample's shapes, inside a JAX trace. What it records there is a pure function, which `jax.vmap` maps over
the batch; the result is one operation of the tape like any other, found again when the same is recorded again. Its derivative is the same
thing once more: the map of the function that runs the sample forward and takes its gradients. Tensors that the function closes over enter
as they are, and get the sum of the gradients of all samples.
"""

import functools
import re
import traceback

import jax
from jax.extend.core import ClosedJaxpr, jaxpr_as_fun

from facade.autograd.function import Function, zeros
from facade.autograd.functions import grad
from facade.autograd.grad_mode import enable_grad
from facade.core import engine
from facade.core.ops.composites.combining import stack
from facade.core.random.generator import default_generator
from facade.core.tensor.history import edge_of
from facade.core.tensor.modes import modes
from facade.core.tensor.node import AccumulateGrad, Node
from facade.core.tensor.tensor import Tensor, is_floating
from facade.utils._pytree import broadcast_to, tree_flatten, tree_unflatten

READ = ("vmap: It looks like you're calling .item() on a Tensor. We don't support vmap over calling .item() on a Tensor, please try to rewrite "
        "what you're doing with other operations. If error is occurring somewhere inside PyTorch internals, please file a bug report.")
DECIDED = ("vmap: It looks like you're attempting to use a Tensor in some data-dependent control flow. We don't support that yet, please file an "
           "issue at https://github.com/pytorch/pytorch/issues .")
RANDOM = ("vmap: called random operation while in randomness error mode. Please either use the 'same' or 'different' randomness flags on vmap "
          "or perform the randomness operation out of vmap")


# ---------------------------------------------------------------- one sample, traced
class _Sample:
    """What a function of one sample recorded. closed: its jaxpr; outside: edges to the history of tensors that it closes over."""

    def __init__(self, call, specs):
        self.call = call
        engine.evaluate_all()
        try:
            with jax.enable_x64(True):
                self.closed = jax.make_jaxpr(self._run)(*(jax.ShapeDtypeStruct(spec.shape, spec.dtype) for spec in specs))
        except (jax.errors.TracerArrayConversionError, jax.errors.ConcretizationTypeError) as error:
            decided = any(frame.name == "__bool__" for frame in traceback.extract_tb(error.__traceback__))
            raise RuntimeError(DECIDED if decided else READ) from None

    def _run(self, *arrays):
        with engine.recording_in_trace():
            start = now()
            results = self.call([Tensor._of(engine.constant(array)) for array in arrays])
            self.outside = outside_edges([each for each in results if each.requires_grad], start)
            return [engine.computed(each.value).array for each in results]

    def depends(self):
        """For each result, whether it depends on the sample."""
        jaxpr = self.closed.jaxpr
        touched = set(jaxpr.invars)
        for equation in jaxpr.eqns:
            if any(not hasattr(each, "val") and each in touched for each in equation.invars):
                touched.update(equation.outvars)
        return [not hasattr(each, "val") and each in touched for each in jaxpr.outvars]


def outside_edges(tensors, start):
    """The edges that lead from the history of these tensors to what is older than `start`, leaves that no transform made among it."""
    found, seen, waiting = {}, set(), [edge_of(each) for each in tensors]
    while waiting:
        edge = waiting.pop()
        if edge is None or edge in seen:
            continue
        seen.add(edge)
        node = edge[0]
        if isinstance(node, AccumulateGrad):
            if vars(node.variable).get("_born", -1) < start:
                found[edge] = True
        elif node.sequence < start:
            found[edge] = True
        else:
            waiting.extend(node.edges)
    return list(found)


def handle_of(edge):
    """A tensor whose gradient is what arrives at this edge."""
    node, index = edge
    if isinstance(node, AccumulateGrad):
        return node.variable
    made = zeros(node.outs[index])
    made._node, made._index = node, index
    return made


class _Mapped:
    """The operator that maps a jaxpr over a batch; its consts are inputs that all samples share."""

    __slots__ = ("jaxpr", "shared", "dims", "size")

    def __init__(self, jaxpr, shared, dims, size):
        self.jaxpr, self.shared, self.dims, self.size = jaxpr, shared, dims, size

    def specialize(self, specs, statics):
        def run(*arrays):
            function = jaxpr_as_fun(ClosedJaxpr(self.jaxpr, arrays[:self.shared]))
            return jax.vmap(function, self.dims, 0, axis_size=self.size)(*arrays[self.shared:])
        return run


_operators = {}


def _operator(closed, dims, size):
    """The operator for a jaxpr; the same one for the same text, so that a program met before is not compiled again."""
    key = re.sub(r" at 0x[0-9a-f]+", "", str(closed.jaxpr)), dims, size
    if key not in _operators:
        if len(_operators) >= engine.settings.kernels:
            _operators.clear()
        _operators[key] = _Mapped(closed.jaxpr, len(closed.consts), dims, size)
    return _operators[key]


# ---------------------------------------------------------------- a batch
def batched_call(call, tensors, dims, size):
    """(results, whether each depends on the sample) of `call`, a function of lists of tensors; results have the batch in front."""
    specs = [each._value.spec for each in tensors]
    singles = [spec if dim is None else engine.spec_of(spec.shape[:dim] + spec.shape[dim + 1:], spec.dtype) for spec, dim in zip(specs, dims)]
    sample = _Sample(call, singles)
    inputs = [*map(engine.constant, sample.closed.consts), *(each.value for each in tensors)]
    results = []
    if sample.closed.jaxpr.outvars:
        results, _ = engine.record(_operator(sample.closed, tuple(dims), size), (), inputs)
    results = [Tensor._of(value) for value in results]
    handles = [handle_of(edge) for edge in sample.outside]
    if modes.grad and (handles or any(each.requires_grad for each in tensors)):
        results = Vmap.apply(_Plan(call, dims, size, len(tensors), results), *tensors, *handles)
    return list(results), sample.depends()


class _Plan:
    """What a batched operation needs for its derivative."""

    def __init__(self, call, dims, size, count, results):
        self.call, self.dims, self.size, self.count, self.results = call, dims, size, count, results


class Vmap(Function):
    """Gives the results of a batched call their history."""

    @staticmethod
    def forward(ctx, plan, *tensors):
        """The results are there already."""
        ctx.plan = plan
        ctx.save_for_backward(*tensors)
        results, plan.results = plan.results, None
        ctx.mark_non_differentiable(*(each for each in results if not is_floating(each)))
        return tuple(results)

    @staticmethod
    def backward(ctx, *cotangents):
        """Each sample's gradients; what all samples share gets their sum."""
        plan, saved = ctx.plan, ctx.saved_tensors
        tensors, shared = list(saved[:plan.count]), list(saved[plan.count:])
        wanted = [place for place, each in enumerate(tensors) if is_floating(each) and ctx.needs_input_grad[place + 1]]

        def pull(given):
            with enable_grad():
                given = list(given)
                for place in wanted:
                    given[place] = tracked(given[place])
                targets = [given[place] for place in wanted] + shared
                outputs = plan.call(given[:plan.count])
                return gradients(outputs, targets, given[plan.count:], create_graph=True)
        found, _ = batched_call(pull, [*tensors, *cotangents], [*plan.dims, *[0] * len(cotangents)], plan.size)
        results = [None] * len(tensors)
        for place, each in zip(wanted, found):
            results[place] = each.sum(0) if plan.dims[place] is None else each.movedim(0, plan.dims[place])
        return (None, *results, *(each.sum(0) for each in found[len(wanted):]))


def tracked(tensor):
    """A handle on the tensor that history starts from, or goes on from where it has one; writes to it stay its own."""
    return (tensor if tensor.requires_grad else leaf_of(tensor)).clone()


def leaf_of(tensor):
    """A leaf with the value of the tensor, which says at what point of time a transform made it."""
    made = tensor.detach().requires_grad_()
    made._born = now()
    return made


def now():
    """A point of time, as the nodes of the graph count it."""
    return Node((), ()).sequence


def gradients(outputs, targets, cotangents, create_graph):
    """The gradients of the outputs by each target, zeros where there are none."""
    pairs = [(output, cotangent) for output, cotangent in zip(outputs, cotangents) if output.requires_grad]
    if not pairs or not targets:
        return [each.new_zeros(each.shape) for each in targets]
    outputs, cotangents = zip(*pairs)
    found = grad(outputs, targets, cotangents, retain_graph=True, create_graph=create_graph, allow_unused=True)
    return [each.new_zeros(each.shape) if gradient is None else gradient for gradient, each in zip(found, targets)]


# ---------------------------------------------------------------- the arguments
def _flat_in_dims(name, in_dims, args):
    """(leaves, structure, a dim for each leaf)."""
    start = f"vmap({name}, in_dims={in_dims}, ...)(<inputs>): "
    if not isinstance(in_dims, (int, tuple)):
        raise ValueError(f"{start}expected `in_dims` to be int or a (potentially nested) tuple matching the structure of inputs, got: {type(in_dims)}.")
    if not args:
        raise ValueError(f"vmap({name})(<inputs>): got no inputs. Maybe you forgot to add inputs, or you are trying to vmap over a function "
                         "with no inputs. The latter is unsupported.")
    leaves, spec = tree_flatten(args)
    dims = broadcast_to(in_dims, spec)
    if dims is None:
        raise ValueError(f"{start}in_dims is not compatible with the structure of `inputs`. in_dims has structure {tree_flatten(in_dims)[1]} "
                         f"but inputs has structure {spec}.")
    return leaves, spec, [_checked_dim(start, leaf, dim) for leaf, dim in zip(leaves, dims)]


def _checked_dim(start, leaf, dim):
    if dim is None:
        return None
    if not isinstance(dim, int):
        raise ValueError(f"{start}Got in_dim={dim} for an input but in_dim must be either an integer dimension or None.")
    if not isinstance(leaf, Tensor):
        raise ValueError(f"{start}Got in_dim={dim} for an input but the input is of type {type(leaf)}. We cannot vmap over non-Tensor "
                         "arguments, please use None as the respective in_dim")
    if not -leaf.ndim <= dim < leaf.ndim:
        raise ValueError(f"{start}Got in_dim={dim} for some input, but that input is a Tensor of dimensionality {leaf.ndim} so expected "
                         f"in_dim to satisfy -{leaf.ndim} <= in_dim < {leaf.ndim}.")
    return dim % leaf.ndim


def _batch_size(leaves, dims):
    sizes = [leaf.shape[dim] for leaf, dim in zip(leaves, dims) if dim is not None]
    if not sizes:
        raise ValueError("vmap: Expected at least one Tensor to vmap over")
    if len(set(sizes)) > 1:
        raise ValueError(f"vmap: Expected all tensors to have the same size in the mapped dimension, got sizes {sizes} for the mapped dimension")
    return sizes[0]


# ---------------------------------------------------------------- the results
def _checked_outputs(name, outputs):
    """(leaves, structure) of what the function returned."""
    leaves, spec = tree_flatten(outputs)
    for each in leaves:
        if not isinstance(each, Tensor):
            raise ValueError(f"vmap({name}, ...): `{name}` must only return Tensors, got type {type(each)}. Did you mean to set out_dims= "
                             "to None for output?")
    return leaves, spec


def _placed(name, results, depends, spec, out_dims):
    """The results with the batch at its dim, as the function returned them."""
    dims = broadcast_to(out_dims, spec)
    if dims is None:
        raise ValueError(f"vmap({name}, ..., out_dims={out_dims})(<inputs>): out_dims is not compatible with the structure of `outputs`. out_dims "
                         f"has structure {tree_flatten(out_dims)[1]} but outputs has structure {spec}.")
    for dim, varies in zip(dims, depends):
        if dim is None and varies:
            raise ValueError(f"vmap({name}, ...): `{name}` can not return a BatchedTensor when out_dim is None")
    moved = [each[0] if dim is None else each if dim == 0 else each.movedim(0, dim) for each, dim in zip(results, dims)]
    return tree_unflatten(moved, spec)


def vmap(func, in_dims=0, out_dims=0, randomness="error", *, chunk_size=None):
    """`func`, which takes single samples, as a function of batches (torch.vmap).

    in_dims: which dim of each argument counts the samples, None for an argument that all share; an int, or nested as the arguments are.
    out_dims: where that dim is in the results. randomness: whether random numbers are refused ('error'), drawn once ('same') or for each
    sample ('different'). chunk_size: how many samples at a time in PyTorch; without effect here.
    """
    if randomness not in ("error", "different", "same"):
        raise RuntimeError(f"Only allowed values for randomness are 'error', 'different', or 'same'. Got {randomness}")
    if chunk_size is not None and chunk_size <= 0:
        raise ValueError(f"vmap: chunk_size should be None or greater than 0. (got {chunk_size})")
    name = getattr(func, "__name__", repr(func))

    @functools.wraps(func)
    def wrapped(*args, **kwargs):
        leaves, spec, dims = _flat_in_dims(name, in_dims, args)
        size = _batch_size(leaves, dims)
        places = [place for place, dim in enumerate(dims) if dim is not None]
        found = {}

        def call(samples):
            given = list(leaves)
            for place, sample in zip(places, samples):
                given[place] = sample
            results, found["spec"] = _checked_outputs(name, func(*tree_unflatten(given, spec), **kwargs))
            return results
        batch = [leaves[place] for place in places], [dims[place] for place in places], size
        results, depends = _one_by_one(call, *batch) if randomness == "different" else _at_once(call, *batch, randomness)
        return _placed(name, results, depends, found["spec"], out_dims)
    return wrapped


def _at_once(call, tensors, dims, size, randomness):
    before = default_generator.engine.copy()
    results = batched_call(call, tensors, dims, size)
    if randomness == "error" and default_generator.engine.state_bytes().tobytes() != before.state_bytes().tobytes():
        default_generator.engine = before
        raise RuntimeError(RANDOM)
    return results


def _one_by_one(call, tensors, dims, size):
    """Each sample for itself: so each draws its own numbers, in the order of the batch."""
    rows = [call([each.select(dim, index) for each, dim in zip(tensors, dims)]) for index in range(size)]
    return [stack(column) for column in zip(*rows)], [True] * len(rows[0])
