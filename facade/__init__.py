"""PyTorch's interface on JAX: `import facade as torch`."""

import math

from facade.core import devices, dtypes, layouts, printing, runtime
from facade.core.devices import device, get_default_device, set_default_device
from facade.core.dtypes import dtype, get_default_dtype, promote_types
from facade.core.errors import AcceleratorError, FatalError, OutOfMemoryError
from facade.core.layouts import layout, memory_format
from facade.core.numeric_limits import finfo, iinfo
from facade.core.ops import expose, legacy
from facade.core.ops.composites import sampling
from facade.core.ops.composites.storages import STORAGES, TypedStorage, UntypedStorage
from facade.core.ops.functions import ops
from facade.core.ops.legacy import set_default_tensor_type
from facade.core.ops.promotion import set_default_dtype
from facade.core.printing import set_printoptions
from facade.core.random.generator import Generator, default_generator
from facade.core.shapes import Size
from facade.core.engine import settle_process
from facade.core.tensor.tensor import Tensor

expose.attach_methods()
globals().update(dtypes.ALIASES)
globals().update(layouts.ALL)
globals().update(legacy.TYPES)
globals().update(STORAGES)
globals().update({name: getattr(runtime, name) for name in runtime.__all__})
globals().update(vars(ops))
globals().update(sampling.FUNCTIONS)

from facade import (  # noqa: E402, F401
    __future__, _C, _dynamo, accelerator, amp, autograd, backends, compiler, cpu, cuda, distributions, fft, func, functional, hub, jit, linalg, masked,
    multiprocessing, nn, optim, overrides, profiler, random, return_types, serialization, signal, special, storage, testing, torch_version, types,
    utils, version)
from facade._higher_order_ops import cond, while_loop  # noqa: E402
from facade.accelerator import get_device_module  # noqa: E402
from facade.jit import Error as JITException, fork, wait  # noqa: E402
from facade.random import thread_safe_generator  # noqa: E402
from facade.utils.dlpack import to_dlpack  # noqa: E402
from facade._dynamo.eval_frame import compile  # noqa: E402
from facade.amp import GradScaler, autocast  # noqa: E402
from facade.amp.autocast_mode import FUNCTIONS as _AUTOCAST  # noqa: E402
from facade.autograd.anomaly_mode import is_anomaly_check_nan_enabled, is_anomaly_enabled  # noqa: E402
from facade.autograd import (enable_grad, inference_mode, is_grad_enabled, is_inference_mode_enabled, no_grad,  # noqa: E402
                             set_grad_enabled)
from facade.func import vmap  # noqa: E402
from facade import _tensor, _utils, interop  # noqa: E402, F401  (files name the first two)
from facade.serialization import load, save  # noqa: E402

from facade.port.alias import install, uninstall  # noqa: E402
from facade.port.refusing import refuse_the_rest  # noqa: E402
from facade.workbench.compiling import explain_compiles  # noqa: E402
from facade.workbench.draw import draw  # noqa: E402
from facade.workbench.explain import explain  # noqa: E402
from facade.workbench.magic import load_ipython_extension  # noqa: E402
from facade.workbench.nan import find_nan  # noqa: E402
from facade.workbench.remembering import explaining  # noqa: E402
from facade.workbench.training.step import trace_step  # noqa: E402
from facade.workbench.summary import summary  # noqa: E402
from facade.workbench.trace import trace_program  # noqa: E402

globals().update(_AUTOCAST)
inf, nan, pi, e = math.inf, math.nan, math.pi, math.e
newaxis, legacy_contiguous_format = None, layouts.contiguous_format
Storage = STORAGES["FloatStorage"]
Tensor.graph = trace_program
nn.Module._repr_html_ = lambda self: summary(self)._repr_html_()       # for notebooks; the text stays torch's
del ops
__version__ = version.__version__
refuse_the_rest(Tensor)
settle_process()
