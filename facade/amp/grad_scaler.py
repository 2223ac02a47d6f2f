"""Losses multiplied by a scale, so that small gradients do not vanish in float16 (torch.amp.grad_scaler)."""

from collections import abc
from enum import Enum

from facade.autograd.grad_mode import no_grad
from facade.core import devices, dtypes
from facade.core.ops.functions import ops
from facade.core.tensor.tensor import Tensor
from facade.core.warn import warn

__all__ = ["GradScaler", "OptState"]

_NOT_SCALED = "This may indicate your script did not use scaler.scale(loss or outputs) earlier in the iteration."
_NEW_SCALE = "new_scale should be a float or a 1-element torch.cuda.FloatTensor or torch.FloatTensor with requires_grad=False."


class OptState(Enum):
    """How far an optimizer has come since the last update."""

    READY = 0
    UNSCALED = 1
    STEPPED = 2


class GradScaler:
    """scale(loss).backward(), step(optimizer), update(): a step whose gradients are not all finite is left out, and the scale shrinks.

    init_scale: the first scale; growth_factor, backoff_factor: what it is multiplied by after growth_interval good steps, and after a bad
    one; enabled=False: everything passes through unchanged. Without the device it warns and is disabled.
    """

    def __init__(self, device="cuda", init_scale=2.0 ** 16, growth_factor=2.0, backoff_factor=0.5, growth_interval=2000, enabled=True):
        self._device, self._enabled = device, enabled
        if enabled and device == "cuda" and not devices.is_available("cuda"):
            warn("torch.cuda.amp.GradScaler is enabled, but CUDA is not available.  Disabling.")
            self._enabled = False
        if not self._enabled:
            return
        if growth_factor <= 1.0:
            raise AssertionError("The growth factor must be > 1.0.")
        if backoff_factor >= 1.0:
            raise AssertionError("The backoff factor must be < 1.0.")
        self._init_scale, self._scale, self._init_growth_tracker, self._growth_tracker = init_scale, None, 0, None
        self._growth_factor, self._backoff_factor, self._growth_interval = growth_factor, backoff_factor, growth_interval
        self._forget_steps()

    def _forget_steps(self):
        self._stages, self._found = {}, {}      # by the optimizer's id

    def _lazy_init_scale_growth_tracker(self):
        if self._scale is None:
            self._scale = ops.full((), self._init_scale, dtype=dtypes.float32)
            self._growth_tracker = ops.full((), self._init_growth_tracker, dtype=dtypes.int32)

    def _check_scaled(self, name):
        if self._scale is None:
            raise AssertionError(f"Attempted {name} but _scale is None.  {_NOT_SCALED}")

    # ------------------------------------------------------------ a step
    def scale(self, outputs):
        """A tensor, or tensors nested in lists, tuples and iterables, times the scale."""
        if not self._enabled:
            return outputs
        if isinstance(outputs, Tensor):
            self._lazy_init_scale_growth_tracker()
            return outputs * self._scale
        if isinstance(outputs, abc.Iterable):
            scaled = map(self.scale, outputs)
            return type(outputs)(scaled) if isinstance(outputs, (list, tuple)) else scaled
        raise ValueError("outputs must be a Tensor or an iterable of Tensors")

    def unscale_(self, optimizer):
        """Divide the gradients of an optimizer's parameters by the scale, as `step` does unless it is done; for clipping, say."""
        if not self._enabled:
            return
        self._check_scaled("unscale_")
        stage = self._stages.get(id(optimizer), OptState.READY)
        if stage is OptState.UNSCALED:
            raise RuntimeError("unscale_() has already been called on this optimizer since the last update().")
        if stage is OptState.STEPPED:
            raise RuntimeError("unscale_() is being called after step().")
        grads = [param.grad for group in optimizer.param_groups for param in group["params"] if param.grad is not None]
        if any(grad.dtype is dtypes.float16 for grad in grads):
            raise ValueError("Attempting to unscale FP16 gradients.")
        with no_grad():
            inverse = self._scale.double().reciprocal().float()
            broken = [ops.isfinite(grad).all().logical_not() for grad in grads]
            for grad in grads:
                grad.mul_(inverse)
        self._found[id(optimizer)] = ops.stack(broken).any() if broken else None
        self._stages[id(optimizer)] = OptState.UNSCALED

    def step(self, optimizer, *args, **kwargs):
        """optimizer.step(...) with unscaled gradients, if all of them are finite; returns what it returns."""
        if not self._enabled:
            return optimizer.step(*args, **kwargs)
        if "closure" in kwargs:
            raise RuntimeError("Closure use is not currently supported if GradScaler is enabled.")
        self._check_scaled("step")
        stage = self._stages.get(id(optimizer), OptState.READY)
        if stage is OptState.STEPPED:
            raise RuntimeError("step() has already been called since the last update().")
        if stage is OptState.READY:
            self.unscale_(optimizer)
        if self._found[id(optimizer)] is None:
            raise AssertionError("No inf checks were recorded for this optimizer.")
        result = None if self._found[id(optimizer)].item() else optimizer.step(*args, **kwargs)
        self._stages[id(optimizer)] = OptState.STEPPED
        return result

    def update(self, new_scale=None):
        """Adapt the scale to how the steps since the last update went, or set it: to a float, or a tensor of one element."""
        if not self._enabled:
            return
        self._check_scaled("update")
        if isinstance(new_scale, float):
            self._scale.fill_(new_scale)
        elif new_scale is not None:
            if not isinstance(new_scale, Tensor) or new_scale.numel() != 1 or new_scale.requires_grad:
                raise AssertionError(_NEW_SCALE)
            self._scale.copy_(new_scale.reshape(()))
        else:
            self._adapt()
        self._forget_steps()

    def _adapt(self):
        found = [each for each in self._found.values() if each is not None]
        if not found:
            raise AssertionError("No inf checks were recorded prior to update.")
        grown = self._growth_tracker + 1
        broken, long_enough = ops.stack(found).any(), grown == self._growth_interval
        larger = self._scale * self._growth_factor
        larger = ops.where(larger.isfinite(), larger, self._scale)
        scale = ops.where(broken, self._scale * self._backoff_factor, ops.where(long_enough, larger, self._scale))
        self._growth_tracker.copy_(ops.where(broken | long_enough, 0, grown))
        self._scale.copy_(scale)

    # ------------------------------------------------------------ the settings
    def get_scale(self):
        """The scale as a float; 1.0 where disabled."""
        if not self._enabled:
            return 1.0
        return self._init_scale if self._scale is None else self._scale.item()

    def is_enabled(self):
        """Whether anything is scaled."""
        return self._enabled

    def _get_growth_tracker(self):
        if not self._enabled:
            return 0
        return self._init_growth_tracker if self._growth_tracker is None else self._growth_tracker.item()

    def state_dict(self):
        """The scale and the settings; empty where disabled."""
        if not self._enabled:
            return {}
        return {"scale": self.get_scale(), "growth_factor": self._growth_factor, "backoff_factor": self._backoff_factor,
                "growth_interval": self._growth_interval, "_growth_tracker": self._get_growth_tracker()}

    def load_state_dict(self, state_dict):
        """Go on from what `state_dict` gave; RuntimeError for the empty one of a disabled scaler."""
        if not self._enabled:
            return
        if len(state_dict) == 0:
            raise RuntimeError("The source state dict is empty, possibly because it was saved from a disabled instance of GradScaler.")
        self._init_scale, self._init_growth_tracker = state_dict["scale"], state_dict["_growth_tracker"]
        self._growth_factor, self._backoff_factor = state_dict["growth_factor"], state_dict["backoff_factor"]
        self._growth_interval = state_dict["growth_interval"]
        if self._scale is not None:
            self._scale.fill_(state_dict["scale"])
            self._growth_tracker.fill_(state_dict["_growth_tracker"])

    def __getstate__(self):
        state = dict(self.__dict__)
        if self._enabled:
            if self._stages:
                raise AssertionError("A GradScaler instance may only be pickled at the beginning of an iteration, or at the end after scaler.update().")
            state |= {"_init_scale": self.get_scale(), "_init_growth_tracker": self._get_growth_tracker(), "_scale": None, "_growth_tracker": None}
        return state


def _setting(name, doc):
    def get(self):
        return getattr(self, f"_{name}")

    def set_(self, value):
        setattr(self, f"_{name}", value)
    get.__doc__, set_.__doc__ = doc, f"Change: {doc[0].lower()}{doc[1:]}"
    setattr(GradScaler, f"get_{name}", get)
    setattr(GradScaler, f"set_{name}", set_)


for _name, _doc in (("growth_factor", "What the scale grows by."), ("backoff_factor", "What it shrinks by."),
                    ("growth_interval", "After how many good steps it grows.")):
    _setting(_name, _doc)


def deprecated_scaler(device, module):
    """torch.cpu.amp.GradScaler and torch.cuda.amp.GradScaler: the device is fixed."""
    def __init__(self, *args, **kwargs):
        warn(f"`torch.{device}.amp.GradScaler(args...)` is deprecated. Please use `torch.amp.GradScaler('{device}', args...)` instead.",
             FutureWarning)
        GradScaler.__init__(self, device, *args, **kwargs)
    return type("GradScaler", (GradScaler,), {"__init__": __init__, "__module__": module, "__doc__": f"torch.amp.GradScaler('{device}')."})
