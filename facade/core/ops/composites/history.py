"""The side of a tensor that autograd sees: `.data`, `.grad`, hooks; and copies, which take that along or leave it."""

import copy
from collections import OrderedDict

from facade.core import dtypes
from facade.core.ops.composites.writing import adopt
from facade.core.tensor.history import edge_of, set_requires_grad
from facade.core.tensor.modes import modes
from facade.core.tensor.node import AccumulateGrad, RemovableHandle
from facade.core.tensor.storage import Counter, Storage
from facade.core.tensor.tensor import Tensor, method
from facade.core.warn import warn


# ---------------------------------------------------------------- history
@method
@property
def data(self):
    """The same memory without history, whose writes the version counter does not see."""
    alias = self._alias(self.__class__ if self._spreads else None)
    alias._counter = Counter()
    return alias


def _set_data(self, source):
    if not isinstance(source, Tensor):
        raise TypeError(f"Variable data has to be a tensor, but got {type(source).__name__}")
    if self.requires_grad and source._value.spec.dtype.kind not in "fcV":
        raise RuntimeError("data set to a tensor that requires gradients must be floating point or complex dtype")
    version = self._writes
    adopt(self, source)
    self._counter = Counter()
    self._counter.version = version


Tensor.data = Tensor.data.setter(_set_data)


@method
def requires_grad_(self, requires_grad=True):
    """Start or stop tracking a leaf; the tensor itself is returned."""
    if not isinstance(requires_grad, bool):
        raise TypeError(f"requires_grad_(): argument 'requires_grad' (position 1) must be bool, not {type(requires_grad).__name__}")
    if requires_grad and self._value.spec.dtype.kind not in "fcV":
        raise RuntimeError("only Tensors of floating point dtype can require gradients")
    set_requires_grad(self, requires_grad)
    return self


@method
def detach_(self):
    """Forget the history of this tensor."""
    if self._base is not None:
        raise RuntimeError("Can't detach views in-place. Use detach() instead. If you are using DistributedDataParallel (DDP) for training, "
                           "and gradient_as_bucket_view is set as True, gradients are views of DDP buckets, and hence detach_() cannot be "
                           "called on these gradients. To fix this error, please refer to the Optimizer.zero_grad() function in "
                           "torch/optim/optimizer.py as the solution.")
    self._node, self._index, self._leaf = None, 0, False
    return self


@method
@property
def grad(self):
    """The gradient that `backward` has added up, or None."""
    if self._grad is None and not self._retains_grad and self._node is not None:
        warn("The .grad attribute of a Tensor that is not a leaf Tensor is being accessed. Its .grad attribute won't be populated "
             "during autograd.backward(). If you indeed want the .grad field to be populated for a non-leaf Tensor, use "
             ".retain_grad() on the non-leaf Tensor. If you access the non-leaf Tensor by mistake, make sure you access the leaf "
             "Tensor instead. See github.com/pytorch/pytorch/pull/30531 for more information.", UserWarning)
    return self._grad


@method
@property
def grad_dtype(self):
    """The dtype that `.grad` has, whatever arrives; None where any will do."""
    if self._node is not None:
        raise RuntimeError("grad_dtype can only be accessed on leaf tensors.")
    return self.dtype if self._grad_dtype is Ellipsis else self._grad_dtype


def _set_grad_dtype(self, dtype):
    if dtype is not None and not isinstance(dtype, dtypes.dtype):
        raise RuntimeError(f"grad_dtype must be a torch.dtype or None, but got {type(dtype).__name__}")
    if self._node is not None:
        raise RuntimeError("grad_dtype can only be set on leaf tensors.")
    if dtype is not None and self._grad is not None and self._grad.dtype is not dtype:
        raise RuntimeError(f"Cannot set grad_dtype to '{dtype.legacy}' because there is already a gradient with dtype '{self._grad.dtype.c_name}'. "
                           "Please clear the gradient (.grad = None) before changing grad_dtype, or ensure the new grad_dtype matches the "
                           "existing gradient's dtype.")
    self._grad_dtype = dtype


Tensor.grad_dtype = Tensor.grad_dtype.setter(_set_grad_dtype)
Tensor._grad_dtype = Ellipsis        # as the tensor's own


def _set_grad(self, value):
    if value is not None:
        _check_grad(self, value)
    self._grad = value


def _check_grad(self, value):
    if not isinstance(value, Tensor):
        raise TypeError(f"assigned grad expected to be a Tensor or None but got grad of type {type(value).__name__}")
    if value is self:
        raise RuntimeError("can't assign Variable as its own grad")
    if value.shape != self.shape:
        raise RuntimeError(f"attempting to assign a gradient of size '{list(value.shape)}' to a tensor of size '{list(self.shape)}'. "
                           "Please ensure that the gradient and the tensor are the same size")
    wanted = self.dtype if self._grad_dtype is Ellipsis else self._grad_dtype
    if wanted not in (None, value.dtype):
        raise RuntimeError(f"attempting to assign a gradient with dtype '{value.dtype.c_name}' to a tensor with grad_dtype "
                           f"'{wanted.legacy}'. The gradient must match the tensor's grad_dtype (defaults to the tensor's dtype). You can set "
                           "the tensor's grad_dtype attribute with a specific dtype, or None to allow any dtype. Set grad_dtype with caution. "
                           "Diverging the dtypes of a tensor and its gradient may break downstream systems that assume they match.")


Tensor.grad = Tensor.grad.setter(_set_grad)


def _delete_grad(self):
    self._grad = None


Tensor.grad = Tensor.grad.deleter(_delete_grad)


@method
def register_hook(self, hook):
    """Call `hook(grad)` when the gradient of this tensor is known; it may return another one."""
    if not self.requires_grad:
        raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
    edge = edge_of(self)
    if edge is None:                    # a view made under no_grad: no gradient will arrive
        return RemovableHandle(OrderedDict(), hook)
    node, index = edge
    if isinstance(node, AccumulateGrad):
        self._hooks = node          # the node must live as long as its hooks
    return RemovableHandle(node.arriving(index), hook)


@method
def register_post_accumulate_grad_hook(self, hook):
    """Call `hook(tensor)` after a gradient was added to `.grad` of this leaf."""
    if not self.requires_grad:
        raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
    if self._node is not None:
        raise RuntimeError("post accumulate grad hooks cannot be registered on non-leaf tensors")
    if self._post_accumulate is None:
        self._post_accumulate = OrderedDict()
    return RemovableHandle(self._post_accumulate, hook)


@method
def retain_grad(self):
    """Keep the gradient of this non-leaf tensor in `.grad`."""
    if not self.requires_grad:
        raise RuntimeError("can't retain_grad on Tensor that has requires_grad=False")
    if self._node is None or self._retains_grad:
        return
    self._retains_grad = True
    self._node.retain(self)


Tensor.retains_grad = property(lambda self: self._retains_grad)


# ---------------------------------------------------------------- copying
@method
def __copy__(self):
    made = self._alias(type(self))
    made._leaf, made._node, made._index = self._leaf, self._node, self._index
    made.__dict__.update({name: value for name, value in self.__dict__.items() if name != "_grad"})
    made._inference = modes.inference
    return made


@method
def __deepcopy__(self, memo):
    if id(self) in memo:
        return memo[id(self)]
    if self._node is not None or self._base is not None and not self.is_leaf:
        raise RuntimeError("Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol at the moment.  If you were "
                           "attempting to deepcopy a module, this may be because of a torch.nn.utils.weight_norm usage, "
                           "see https://github.com/pytorch/pytorch/pull/103001")
    storage = self.storage_cell
    fresh = memo.get(id(storage))
    self.value
    if fresh is None:
        fresh = memo[id(storage)] = Storage(storage.value, storage.strides)
    made = object.__new__(type(self))
    made._value, made._clock, made._storage = self._value, 0, fresh
    made._node, made._index, made._leaf = None, 0, self._leaf
    memo[id(self)] = made
    for name, value in self.__dict__.items():
        if name not in ("_base", "_base_node", "_accumulate", "_hooks", "_counter", "_inference"):
            made.__dict__[name] = value if name in ("_chain", "_geometry") else copy.deepcopy(value, memo)
    return made


@method
def module_load(self, other, assign=False):
    """What a module's load_state_dict puts in the place of this parameter or buffer: `other`, or this one with its values."""
    return other.detach() if assign else self.detach().copy_(other.detach())
