"""A training step, or a whole script's, as JAX: pure functions, `jax.value_and_grad`, and the optimizer's update.

    paths            of a step: to the loss, and from gradients to the update
    step             a training step as an object: `trace_step`; step_source: its text; rules, optax_rules: its optimizer
    script_training  a script's training: `trace_training`; script_watch: which steps it makes; kinds: which of them are one function
    script_source    its text; script: from the command line, `facade port --style jax`
"""
