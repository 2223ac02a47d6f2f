"""Names in an emitted program: each is given once, none hides what Python or JAX has under it."""

import builtins
import keyword

MODULES = {"jax", "jnp", "lax", "optax", "np"}
# What the result of a primitive is called, where no operator gives it a name.
NOUNS = {"add": "total", "sub": "difference", "mul": "product", "div": "ratio", "exp": "exponential", "log": "logarithm",
         "reduce_sum": "total", "reduce_max": "largest", "reduce_min": "least", "convert_element_type": "converted",
         "dot_general": "product", "select_n": "chosen", "integer_pow": "power", "max": "larger", "min": "smaller", "neg": "negative",
         "rsqrt": "inverse_root", "sqrt": "root", "gather": "rows", "reshape": "reshaped", "slice": "part", "eq": "is_equal",
         "ne": "differs", "lt": "is_less", "le": "is_at_most", "gt": "is_greater", "ge": "is_at_least", "stop_gradient": "constant",
         "iota": "positions", "squeeze": "squeezed", "pow": "power", "dynamic_update_slice": "written", "dynamic_slice": "part",
         "concatenate": "joined", "conv_general_dilated": "convolved", "reduce_mean": "mean", "logistic": "gate",
         "broadcast_in_dim": "spread", "reduce_window_max": "pooled", "transpose": "turned", "abs": "size"}
# What the results of an operator are called, where that is not its name.
RESULTS = {"masked_scale": ["dropped"], "native_batch_norm": ["normed", "mean", "variance"], "layer_norm": ["normed"],
           "group_norm": ["normed"], "nll_loss": ["loss"], "lstm_layer": ["outputs", "hidden", "cell"],
           "gru_layer": ["outputs", "hidden"], "rnn_tanh_layer": ["outputs", "hidden"], "_unsafe_view": ["view"], "place": ["written"],
           "masked_fill": ["masked"], "index_select": ["picked"], "scaled_dot_product_attention": ["attended"],
           "_upsample_bilinear2d": ["upsampled"], "gru_cell": ["hidden"]}
PARTS = {"batch_norm": ["", "mean", "variance"], "lstm_layer": ["", "hidden", "cell"],
         "packed_lstm_layer": ["", "hidden", "cell"], "gru_layer": ["", "hidden"],
         "rnn_layer": ["", "hidden"]}


def results(scope, function):
    """Names for all results of an operator: those that it has of its own, or its module's name with what each is, if a function is
    called.
    """
    return RESULTS.get(scope) or ["_".join(filter(None, (scope, part))) for part in PARTS.get(function, [""])]


class Names:
    """The names of one module."""

    def __init__(self, taken=()):
        self.taken = {*MODULES, *taken}

    def inner(self):
        """Names for a function inside, which sees these."""
        return Names(self.taken)

    def new(self, wish):
        """The name that is wished for, or one like it."""
        name = "".join(letter if letter.isalnum() else "_" for letter in wish).strip("_") or "value"
        name = f"v{name}" if name[0].isdigit() else name
        name = f"{name}_" if keyword.iskeyword(name) or hasattr(builtins, name) else name
        found, count = name, 2
        while found in self.taken:
            found, count = f"{name.rstrip('_')}_{count}", count + 1
        self.taken.add(found)
        return found
