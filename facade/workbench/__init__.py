"""The looking glass: what a PyTorch program is underneath, in words, pictures and JAX source.

    recording   what ran, as a list of entries; any part of it as a jaxpr (trimming), under the names that the user has (naming)
    watching    what a program trains, seen by its backward passes
    paths       of a training step: to the loss, and from gradients to the update
    trace       a function on tensors as an object: `trace_program`
    step        a training step as an object: `trace_step`; step_source: its text, rules and optax_rules: its optimizer
    training    a whole script's training: `trace_training`; script_watch: which steps it makes, kinds: which are the same function,
                training_source: its text; script: from the command line, `facade port --style jax`
    source      any of these as JAX that a person would have written, through
                known and idioms (what JAX, or a few lines of it, has an operator as), flattening (a jaxpr without calls: flat),
                width (64 bits where needed), primitives (each as an expression), control (loops and branches as they are),
                helpers (what comes twice, as a function), folding (what repeats, as a loop), lines, emitted (the whole program)
    comparing   what an emitted program computes, against what was recorded
    explain     why a gradient is None: variables (of who asks), remembering (what ran), ways (how a value was computed)
    compiling   what was compiled, and why
    nan         where a nan comes from
    draw        the autograd graph as a picture: boxes (what is one box), layout (where it stands)
    summary     a module's parameters, output shapes and memory, as a page that folds
    magic       `%%facade` in notebooks
"""
