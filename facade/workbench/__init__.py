"""The looking glass: what a PyTorch program is underneath, in words, pictures and JAX source.

    recording   what ran, as a list of entries; any part of it as a jaxpr
    trace       a function or a training step on tensors, as an object: `trace_program`, `trace_step`
    source      the same as a JAX program that a person would have written
    explain     why a gradient is None, what was compiled, where a nan comes from
    draw        the autograd graph as a picture
    summary     a module's parameters, output shapes and memory, as a page that folds
    magic       `%%facade` in notebooks
"""
