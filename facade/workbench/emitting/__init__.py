"""Any piece of a recorded program as JAX that a person would have written.

    known       what JAX, or a few lines of it (idioms), has an operator as
    flattening  a jaxpr without calls (flat), less what nobody needs (trimming)
    width       64 bits where they are needed
    primitives  each operation as an expression (expressions); control: loops and branches as they are
    source      the lines; names, arguments: what is called what, and given; lines: where they break
    helpers     what comes twice, as a function; folding: what repeats, as a loop
    emitted     the whole program; comparing: what it computes, against what was recorded
"""
