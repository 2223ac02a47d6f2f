"""The looking glass: what a PyTorch program is underneath, in words, pictures and JAX source.

    recording   what ran, as a list of entries; any part of it as a jaxpr
    watching    what a program trains, seen by its backward passes
    paths       of a training step: to the loss, and from gradients to the update
    trace       a function on tensors as an object: `trace_program`
    step        a training step as an object: `trace_step`
    training    a whole script's training: `trace_training`; script: from the command line, `facade port --style jax`
    source      any of these as JAX that a person would have written: flat (a jaxpr without calls), table (a primitive as text),
                known (what JAX has a function for), helpers (what comes twice, as a function), folding (what repeats, as a loop),
                rules and optax_rules (the optimizer)
    explain     why a gradient is None, what was compiled, where a nan comes from
    draw        the autograd graph as a picture
    summary     a module's parameters, output shapes and memory, as a page that folds
    magic       `%%facade` in notebooks
"""
