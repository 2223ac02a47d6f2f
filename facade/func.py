"""Function transforms (torch.func): derivatives and batches of functions of tensors, which nest and take closures.

A derivative is a walk through the history that the function leaves, so `detach` and `no_grad` mean in it what they mean everywhere.
Inputs enter as fresh handles. A result keeps a history only where one leads out of the transform: to an input, or a tensor that the function
closes over, which requires grad outside.
"""

import functools

import numpy as np

from facade._functorch.batch_norm_replacement import replace_all_batch_norm_modules_
from facade._functorch.rearrange import rearrange
from facade._functorch.vmap import gradients, leaf_of, now, outside_edges, tracked, vmap
from facade.autograd import batched
from facade.autograd.grad_mode import enable_grad
from facade.core import engine
from facade.core.ops.composites.combining import stack
from facade.core.tensor.history import edge_of
from facade.core.tensor.modes import modes
from facade.core.tensor.tensor import Tensor, is_floating
from facade.nn.utils.stateless import _functional_call
from facade.utils._pytree import tree_flatten, tree_map, tree_unflatten

__all__ = ["debug_unwrap", "functional_call", "functionalize", "grad", "grad_and_value", "hessian", "jacfwd", "jacrev", "jvp", "linearize",
           "rearrange", "replace_all_batch_norm_modules_", "stack_module_state", "vjp", "vmap"]


# ---------------------------------------------------------------- what all derivatives share
class _Level:
    """One transform at work: which history is its own, and whether there is any use for a history of its results."""

    def __init__(self):
        self.outer, self.start = modes.grad, now()

    @staticmethod
    def enter(tree):
        """(the tree with fresh handles, others that stand for the inputs whatever is written to the first, the structure)."""
        leaves, spec = tree_flatten(tree)
        for each in leaves:
            if not isinstance(each, Tensor):
                raise ValueError(f"Thing passed to transform API must be Tensor, got {type(each)}")
            if not is_floating(each):
                raise RuntimeError("only Tensors of floating point dtype can require gradients")
        handles = [tracked(each) for each in leaves]
        return tree_unflatten(handles, spec), [Tensor._of(each.value, *edge_of(each)) for each in handles], spec

    def leads_out(self, *tensors):
        """Whether the history of any of them leads out of this transform."""
        return self.outer and bool(outside_edges([each for each in tensors if each.requires_grad], self.start))

    def leave(self, tree):
        """The tensors of the tree, each with a history only if that leads out."""
        return tree_map(lambda each: each if not isinstance(each, Tensor) or self.leads_out(each) else each.detach(), tree)


def _split(result, has_aux, name):
    """(output, auxiliary) of what the function returned."""
    if not has_aux:
        return result, None
    if not isinstance(result, tuple) or len(result) != 2:
        raise RuntimeError(f"{name}: output of function f should be a tuple: (output, aux) if has_aux is True")
    for each in tree_flatten(result[1])[0]:
        if not isinstance(each, Tensor):
            raise RuntimeError(f"Expected tensors, got unsupported type {type(each)}")
    return result


def _outputs(result, name):
    """(leaves, structure) of outputs that must be tensors."""
    leaves, spec = tree_flatten(result)
    for each in leaves:
        if not isinstance(each, Tensor):
            raise RuntimeError(f"{name}: expected f(*{'args' if name.startswith('grad') else 'primals'}) to return only tensors, got unsupported "
                               f"type {type(each)}")
    return leaves, spec


def _places(argnums, args):
    """The argument numbers, counted from the front."""
    if not isinstance(argnums, (int, tuple)) or isinstance(argnums, tuple) and not all(isinstance(each, int) for each in argnums):
        raise RuntimeError(f"argnums must be int or Tuple[int, ...], got: {type(argnums)}")
    places = (argnums,) if isinstance(argnums, int) else argnums
    if not places:
        raise RuntimeError(f"argnums must be non-empty, got {argnums}")
    for each in places:
        if not -len(args) <= each < len(args):
            raise RuntimeError(f"Got argnum={each}, but only {len(args)} positional inputs")
    places = [each % len(args) for each in places]
    if len(set(places)) != len(places):
        raise RuntimeError(f"argnums elements must be unique, got {argnums}")
    return places


def _chosen(args, argnums):
    """(the tree of the chosen arguments, a function that puts others in their place)."""
    places = _places(argnums, args)

    def replaced(tree):
        made = list(args)
        for place, each in zip(places, (tree,) if isinstance(argnums, int) else tree):
            made[place] = each
        return made
    return args[places[0]] if isinstance(argnums, int) else tuple(args[place] for place in places), replaced


# ---------------------------------------------------------------- gradients
def grad_and_value(func, argnums=0, has_aux=False):
    """A function that returns the gradient of `func`, whose result is one number, and that result (torch.func.grad_and_value).

    argnums: by which argument, or a tuple of them; an argument may be a nest of tensors. has_aux: func returns (number, more tensors).
    """
    name = "grad_and_value(f)(*args)"

    @functools.wraps(func)
    def wrapper(*args, **kwargs):
        level = _Level()
        with enable_grad():
            chosen, replaced = _chosen(args, argnums)
            entered, handles, spec = level.enter(chosen)
            output, aux = _split(func(*replaced(entered), **kwargs), has_aux, name)
            if not isinstance(output, Tensor):
                raise RuntimeError(f"{name}: Expected f(*args) to return a Tensor, got {type(output)}")
            if output.ndim:
                raise RuntimeError(f"{name}: Expected f(*args) to return a scalar Tensor, got tensor with {output.ndim} dims. Maybe you wanted "
                                   "to use the vjp or jacrev APIs instead?")
            found = gradients([output], handles, [None], create_graph=level.leads_out(output))
        found = tree_unflatten([level.leave(each) for each in found], spec)
        return found, (level.leave(output), level.leave(aux)) if has_aux else level.leave(output)
    return wrapper


def grad(func, argnums=0, has_aux=False):
    """A function that returns the gradient of `func`, whose result is one number (torch.func.grad).

    argnums, has_aux: as for grad_and_value; with has_aux it returns (gradient, auxiliary).

        >>> torch.func.grad(lambda x: x ** 2)(torch.tensor(3.0))
        tensor(6.)
    """
    both = grad_and_value(func, argnums, has_aux)

    @functools.wraps(func)
    def wrapper(*args, **kwargs):
        found, value = both(*args, **kwargs)
        return (found, value[1]) if has_aux else found
    return wrapper


# ---------------------------------------------------------------- products with the Jacobian
def _structure(spec):
    """A structure as torch prints it in a sentence: (*, *)."""
    if spec.type is None:
        return "*"
    inner = ", ".join(map(_structure, spec.children_specs))
    return f"[{inner}]" if spec.type is list else f"({inner}{',' * (len(spec.children_specs) == 1)})" if spec.type is tuple else repr(spec)


def vjp(func, *primals, has_aux=False):
    """(func(*primals), a function from cotangents to their products with the Jacobian, one for each primal) (torch.func.vjp).

    has_aux: func returns (outputs, more tensors), which come last.
    """
    name, level = "vjp(f, *primals)", _Level()
    with enable_grad():
        entered, handles, spec = level.enter(primals)
        result, aux = _split(func(*entered), has_aux, name)
        outputs, outputs_spec = _outputs(result, name)

    def wrapper(cotangents, retain_graph=True, create_graph=None):
        given, given_spec = tree_flatten(cotangents)
        if given_spec != outputs_spec:
            raise RuntimeError("Expected pytree structure of cotangents to be the same as pytree structure of outputs to the function. "
                               f"cotangents: {_structure(given_spec)}, primal output: {_structure(outputs_spec)}")
        wanted = modes.grad and (level.leads_out(*outputs) or any(each.requires_grad for each in given))
        found = gradients(outputs, handles, given, wanted)
        return tree_unflatten([each if wanted else each.detach() for each in found], spec)
    wrapper.__qualname__ = "_vjp_with_argnums.<locals>.wrapper"
    left = level.leave(result)
    return (left, wrapper, level.leave(aux)) if has_aux else (left, wrapper)


class _Forward:
    """Products of the Jacobian with tangents: the derivative, by the cotangents, of the products with cotangents."""

    def __init__(self, level, outputs, handles):
        self.level, self.outputs = level, outputs
        zeros = [each.new_zeros(each.shape) for each in outputs]
        self.vectors = [leaf_of(each) if is_floating(each) else each for each in zeros]
        self.products = gradients(outputs, handles, self.vectors, create_graph=True)

    def along(self, tangents):
        """One product for each output."""
        floating = [each for each in self.vectors if each.requires_grad]
        wanted = modes.grad and (self.level.leads_out(*self.products) or any(each.requires_grad for each in tangents))
        found = iter(gradients(self.products, floating, tangents, wanted))
        return [next(found) if each.requires_grad else each for each in self.vectors]


def jvp(func, primals, tangents, *, strict=False, has_aux=False):
    """(func(*primals), the product of the Jacobian with the tangents) (torch.func.jvp).

    strict: an output that does not depend on the primals is an error; has_aux: func returns (outputs, more tensors), which come last.
    """
    name, level = "jvp(f, primals, tangents)", _Level()
    if not isinstance(primals, tuple):
        raise RuntimeError(f"{name}: Expected primals to be a tuple. E.g. it should be valid to call f(*primals).")
    given, given_spec = tree_flatten(tangents)
    spec = tree_flatten(primals)[1]
    if spec != given_spec:
        raise RuntimeError(f"{name}: Expected primals and tangents to have the same python structure. For example, if primals is a tuple of 3 "
                           f"tensors, tangents also must be. Got primals with structure {spec} and tangents with structure {given_spec}")
    _only_tensors(name, "primals", tree_flatten(primals)[0])
    _only_tensors(name, "tangents", given)
    with enable_grad():
        entered, handles, _ = level.enter(primals)
        for each, tangent in zip(handles, given):
            if each.shape != tangent.shape:
                raise RuntimeError("Trying to set a forward gradient that has a different size than that of the original Tensor, this is not "
                                   f"supported. Tensor is of size {list(each.shape)} while the given forward gradient is of size {list(tangent.shape)}.")
        result, aux = _split(func(*entered), has_aux, name)
        outputs, outputs_spec = _outputs(result, name)
        if strict and not all(each.requires_grad for each in outputs):
            raise RuntimeError(f"{name[:-1]}, strict=True): The output of f is independent of the inputs. This is not allowed with strict=True.")
        products = _Forward(level, outputs, handles).along(given)
    products = tree_unflatten([level.leave(each) for each in products], outputs_spec)
    return (level.leave(result), products, level.leave(aux)) if has_aux else (level.leave(result), products)


def _only_tensors(name, what, leaves):
    for each in leaves:
        if not isinstance(each, Tensor):
            raise RuntimeError(f"{name}: Expected {what} to only contain Tensors, got {type(each)}")
    if not leaves:
        raise RuntimeError(f"{name}: Expected {what} to contain at least one Tensor.")


def linearize(func, *primals):
    """(func(*primals), the function from tangents to their products with the Jacobian there) (torch.func.linearize)."""
    level = _Level()
    with enable_grad():
        entered, handles, spec = level.enter(primals)
        result = func(*entered)
        outputs, outputs_spec = _outputs(result, "jvp(f, primals, tangents)")
        forward = _Forward(level, outputs, handles)

    def along(*tangents):
        given, given_spec = tree_flatten(tangents)
        if given_spec != spec:
            raise RuntimeError(f"Expected the tangents {given_spec} to have the same argspec as the primals {spec}")
        for place, (tangent, each) in enumerate(zip(given, handles)):
            if tangent.shape != each.shape:
                raise RuntimeError(f"tangent:{place} with shape {tangent.shape} in flattened pytree doesn't match the shape {each.shape} of the "
                                   "corresponding primal.")
        return tree_unflatten([level.leave(each) for each in forward.along(given)], outputs_spec)
    return level.leave(result), along


# ---------------------------------------------------------------- Jacobians
def _jacobian(func, argnums, has_aux, name, block):
    @functools.wraps(func)
    def wrapper(*args):
        level = _Level()
        with enable_grad():
            chosen, replaced = _chosen(args, argnums)
            entered, handles, spec = level.enter(chosen)
            result, aux = _split(func(*replaced(entered)), has_aux, name)
            outputs, outputs_spec = _outputs(result, name)
            create_graph = level.leads_out(*outputs)
            blocks = [tree_unflatten([level.leave(each) for each in block(output, handles, create_graph)], spec) for output in outputs]
        found = tree_unflatten(blocks, outputs_spec)
        return (found, level.leave(aux)) if has_aux else found
    return wrapper


def _by_rows(output, handles, create_graph):
    """The derivatives of one output by each input, (*output, *input): a row for each element of the output."""
    if not output.requires_grad:
        return [each.new_zeros((*output.shape, *each.shape)) for each in handles]
    units, rows = _units(output), None
    if len(units) > 1:
        rows = batched.gradients((output,), handles, (_constant(units),), create_graph)
    if rows is None:
        each_row = [gradients([output], handles, [_constant(unit)], create_graph) for unit in units]
        rows = [stack(column) for column in zip(*each_row)] if each_row else [None] * len(handles)
    return [each.new_zeros((*output.shape, *each.shape)) if row is None else row.reshape(*output.shape, *each.shape)
            for row, each in zip(rows, handles)]


_ROWS = 1024       # the matrix of so many units takes 1 ms and 4 MB: below, columns would win nothing


def _by_fewest(output, handles, create_graph):
    """The same, by columns where the inputs have fewer elements: a Hessian of 32 numbers by 512 in 0.2 s of processor time instead of 8."""
    columns = None
    if output.requires_grad and output.numel() >= max(_ROWS, sum(each.numel() for each in handles)):
        columns = _columns(output, handles, create_graph)
    return _by_rows(output, handles, create_graph) if columns is None else columns


def _columns(output, handles, create_graph):
    """Rows by the way of the product with a vector, which is linear in it: its own derivative by the vector is a column."""
    vector = leaf_of(output.new_zeros(output.shape))
    blocks = []
    for product, each in zip(gradients([output], handles, [vector], create_graph=True), handles):
        found = [None]
        if product.requires_grad and each.numel():
            found = batched.gradients((product,), (vector,), (_constant(_units(each)),), create_graph)
        if found is None:
            return None
        blocks.append(each.new_zeros((*output.shape, *each.shape)) if found[0] is None else
                      found[0].flatten(1).t().reshape(*output.shape, *each.shape))
    return blocks


def _units(tensor):
    """Tensors of this shape, each with one 1 among zeros, stacked."""
    count = tensor.numel()
    return np.eye(count, dtype=tensor._value.spec.dtype).reshape(count, *tensor.shape)


def _constant(array):
    return Tensor._of(engine.constant(np.asarray(array)))


def jacrev(func, argnums=0, *, has_aux=False, chunk_size=None, _preallocate_and_copy=False):
    """A function that returns the derivative of every element of func's outputs by every element of an argument (torch.func.jacrev).

    Each block has the shape (*output, *input). argnums, has_aux: as for grad. chunk_size: rows at a time in PyTorch; without effect here.
    """
    if chunk_size is not None and chunk_size <= 0:
        raise ValueError("jacrev: `chunk_size` should be greater than 0.")
    return _jacobian(func, argnums, has_aux, "vjp(f, *primals)", _by_rows)


def jacfwd(func, argnums=0, has_aux=False, *, randomness="error"):
    """The same derivatives as jacrev, by columns where the argument has fewer elements than the output (torch.func.jacfwd)."""
    return _jacobian(func, argnums, has_aux, "jvp(f, primals, tangents)", _by_fewest)


def hessian(func, argnums=0):
    """A function that returns the second derivatives of `func` (torch.func.hessian)."""
    return jacfwd(jacrev(func, argnums), argnums)


# ---------------------------------------------------------------- what is so already
def functionalize(func, *, remove="mutations"):
    """The function as it is: what facade records is pure, whatever is written to in place (torch.func.functionalize)."""
    @functools.wraps(func)
    def wrapped(*args, **kwargs):
        if remove not in ("mutations", "mutations_and_views"):
            raise RuntimeError(f"functionalize(f, remove='mutations'): received invalid argument for remove={remove}. Valid options are:\n"
                               "     remove='mutations': all inplace and out= operators will be removed from the program, and replaced with their "
                               "out-of-place equivalents.\n"
                               "     remove='mutations_and_views': In addition to the above, all aliasing operators {view} will be replaced with "
                               "their non-aliasing counterparts, {view}_copy.\n")
        return func(*args, **kwargs)
    return wrapped


def debug_unwrap(tensor, *, recurse=True):
    """The tensor itself: transforms wrap none (torch.func.debug_unwrap)."""
    return tensor


# ---------------------------------------------------------------- modules
def functional_call(module, parameter_and_buffer_dicts, args=None, kwargs=None, *, tie_weights=True, strict=False):
    """Call a module with these tensors in place of its parameters and buffers of the same names (torch.func.functional_call).

    parameter_and_buffer_dicts: name -> tensor, or several such dicts. args: a tuple, or the one argument. strict: all must be given.
    """
    return _functional_call(module, _merged(parameter_and_buffer_dicts), args, kwargs, tie_weights=tie_weights, strict=strict)


def _merged(dicts):
    if isinstance(dicts, dict):
        return dicts
    if not isinstance(dicts, (list, tuple)):
        raise ValueError(f"Expected parameter_and_buffer_dicts to be a dict, or a list/tuple of dicts, but got {type(dicts)}")
    if not all(isinstance(each, dict) for each in dicts):
        raise ValueError(f"Expected all elements of parameter_and_buffer_dicts to be dictionaries, got {type(dicts)}")
    names = [name for each in dicts for name in each]
    repeated = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if repeated:
        raise ValueError(f"{repeated} appeared in multiple dictionaries; behavior of functional call is ambiguous")
    return {name: tensor for each in dicts for name, tensor in each.items()}


def stack_module_state(models):
    """(parameters, buffers) of modules of one class, each name's tensors stacked: what vmap over functional_call wants."""
    models = list(models)
    if not models:
        raise RuntimeError("stack_module_state: Expected at least one model, got 0.")
    if not (all(model.training for model in models) or not any(model.training for model in models)):
        raise RuntimeError("stack_module_state: Expected all models to have the same training/eval mode.")
    if any(type(model) is not type(models[0]) for model in models):
        raise RuntimeError("stack_module_state: Expected all models to be of the same class.")
    parameters, buffers = ([dict(named(model)) for model in models] for named in (lambda model: model.named_parameters(),
                                                                                 lambda model: model.named_buffers()))
    return {name: _stacked([each[name] for each in parameters]) for name in parameters[0]}, \
        {name: _stacked([each[name] for each in buffers]) for name in buffers[0]}


def _stacked(tensors):
    made = stack(tuple(each.detach() for each in tensors))
    return made.requires_grad_() if all(each.requires_grad for each in tensors) else made
