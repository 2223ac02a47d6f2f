"""Records pure functions and evaluates them: the engine, which knows JAX and nothing of torch.

    graph     what is recorded: `Spec`, `Value`, `Kernel`
    trace     recording, one dictionary lookup an operation (`record`)
    evaluate  when to run what was recorded, and by which way (`evaluate`, `read`)
    program   what is run: by NumPy, compiled, or in a trace
    aside     small work beside the tape, by NumPy as it comes
    replay    handing it to JAX: as a jaxpr, or inside a trace
    host      the same without a compiler, for small data met the first time
    pullback  derivatives, recorded like everything else
    families  kernels of other sizes, traced once for all
    compiles  what was compiled at which line, and why
    policy    every knob, with the reason for its value
    process   what importing changes in the process
    stats     what was compiled and run
"""

from facade.core.engine.aside import aside, forked, forking
from facade.core.engine.evaluate import computed, evaluate, evaluate_all, read, settle
from facade.core.engine.graph import Kernel, Spec, Value, constant, device_name, kernel_of, spec_of
from facade.core.engine.policy import eagerly, settings, uncompiled
from facade.core.engine.process import settle_process
from facade.core.engine.pullback import Pullback, StatedPullback, pullback_of
from facade.core.engine.replay import jaxpr_of, recording_in_trace
from facade.core.engine.stats import counters, expect_compiles
from facade.core.engine.tape import tapes
from facade.core.engine.trace import Stretch, defer_check, record, use_context

__all__ = ["Kernel", "Pullback", "Spec", "StatedPullback", "Stretch", "Value", "aside", "computed", "constant", "counters", "defer_check",
           "device_name", "eagerly", "evaluate", "evaluate_all", "expect_compiles", "forked", "forking", "jaxpr_of", "kernel_of",
           "pullback_of", "read", "record", "recording_in_trace", "settings", "settle", "settle_process", "spec_of", "tapes", "uncompiled",
           "use_context"]

settle_process()        # JAX has been imported: what else is would else be the occasion for a collection of 60 ms
