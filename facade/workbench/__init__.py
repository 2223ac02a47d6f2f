"""The looking glass: what a PyTorch program is underneath, in words, pictures and JAX source.

    recording   what ran, as a list of entries; any part of it as a jaxpr, under the names that the user has (naming)
    watching    what a program trains, seen by its backward passes
    trace       a function on tensors as an object: `trace_program`
    training    a training step, or a script's, as JAX: `trace_step`, `facade port --style jax`
    emitting    any of these as JAX that a person would have written
    explain     why a gradient is None: variables (of who asks), remembering (what ran), ways (how a value was computed)
    compiling   what was compiled, and why
    nan         where a nan comes from
    draw        the autograd graph as a picture: boxes (what is one box), layout (where it stands)
    summary     a module's parameters, output shapes and memory, as a page that folds
    magic       `%%facade` in notebooks
"""
