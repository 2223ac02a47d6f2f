"""An observation is what a program showed, as plain data that belongs to neither world.

A tensor becomes its dtype, shape, numbers and history; an exception its type and sentence; the rest what JSON holds.
Two worlds agree when their observations do, and a stored observation stands in for a world that is not installed.
"""

import contextlib
import inspect
import io
import json
import math
import re
import warnings

import numpy as np

SINGLE = 1e-5
TOLERANCES = {"float16": 2e-3, "bfloat16": 2e-2, "float64": 1e-9, "complex128": 1e-9}
DECIMAL = re.compile(r"(-?\d+\.\d*(?:e[+-]?\d+)?)")
MASKS = [
    (re.compile(r"\bfacade\b"), "torch"),
    (re.compile(r"0x[0-9a-fA-F]+"), "0x"),
    (re.compile(r"\nException raised from .*", re.DOTALL), ""),
    (re.compile(r" \(Triggered internally at .*?\)"), ""),
]


def mask(text):
    """`text` without what differs between two runs or two package names and means nothing."""
    for pattern, replacement in MASKS:
        text = pattern.sub(replacement, text)
    return text


def numbers(array):
    """The elements of `array` as a flat list; floats in the fewest digits that give them back, complex as pairs."""
    flat = np.ascontiguousarray(array).reshape(-1)
    if flat.dtype.kind == "c":
        flat = flat.view(flat.real.dtype)
    return [float(str(number)) for number in flat] if flat.dtype.kind == "f" else flat.tolist()


def tensor_to_numpy(tensor, torch):
    """The values of `tensor` in NumPy; dtypes that NumPy lacks come as float32."""
    plain = tensor.detach()
    if plain.is_complex():
        return plain.resolve_conj().numpy()
    widened = plain.is_floating_point() and plain.dtype not in (torch.float16, torch.float32, torch.float64)
    return (plain.to(torch.float32) if widened else plain).numpy()


def history(tensor):
    """The class name of `grad_fn`; what it says where a write elsewhere has cut it off."""
    try:
        return tensor.grad_fn and type(tensor.grad_fn).__name__
    except RuntimeError as failure:
        return mask(str(failure))


def snapshot_tensor(tensor, torch):
    record = {
        "tensor": str(tensor.dtype).split(".")[-1],
        "shape": list(tensor.shape),
        "values": numbers(tensor_to_numpy(tensor, torch)),
        "requires_grad": tensor.requires_grad,
        "grad_fn": history(tensor),
    }
    name = type(tensor).__name__
    return record if name == "Tensor" else record | {"class": name}


def snapshot_array(array):
    return {"array": str(array.dtype), "shape": list(array.shape), "values": numbers(array)}


def snapshot_sequence(value, torch):
    items = [snapshot(item, torch) for item in value]
    return items if type(value) is list else {type(value).__name__: items}


def snapshot(value, torch):
    """`value`, taken from the world `torch`, as plain data."""
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, torch.Tensor):
        return snapshot_tensor(value, torch)
    if isinstance(value, BaseException):
        return {"error": type(value).__name__, "text": mask(str(value))}
    if isinstance(value, (np.ndarray, np.generic)):
        return snapshot_array(np.asarray(value))
    if isinstance(value, dict):
        return {"dict": {str(snapshot(key, torch)): snapshot(item, torch) for key, item in value.items()}}
    if isinstance(value, (list, tuple)):
        return snapshot_sequence(value, torch)
    if isinstance(value, type):
        return {"type": value.__name__}
    if isinstance(value, (complex, torch.dtype, torch.device)):
        return {type(value).__name__: mask(str(value))}
    return {"object": type(value).__name__}


def reset(torch):
    """The state in which every program starts: torch's defaults and the generator seeded with 0."""
    torch.set_grad_enabled(True)
    torch.set_default_dtype(torch.float32)
    torch.set_printoptions(profile="default")
    torch.manual_seed(0)


def observe(program, torch, /, **arguments):
    """Run `program(torch, ...)`; what it returned or yielded, printed and raised."""
    shown, error, printed = [], None, io.StringIO()
    reset(torch)
    with warnings.catch_warnings(), contextlib.redirect_stdout(printed):
        warnings.simplefilter("ignore")
        try:
            outcome = program(torch, **arguments)
            for value in outcome if inspect.isgenerator(outcome) else [outcome]:
                shown.append(snapshot(value, torch))
        except Exception as failure:
            error = snapshot(failure, torch)
    reset(torch)
    return {"shown": shown, "printed": mask(printed.getvalue()), "error": error}


def numbers_close(expected, actual, tolerance):
    """Whether flat lists agree: relative to each element, and to the largest for what cancellation leaves."""
    if len(expected) != len(actual):
        return False
    expected, actual = np.array(expected, np.float64), np.array(actual, np.float64)
    finite = np.abs(expected[np.isfinite(expected)])
    floor = tolerance * max(1.0, finite.max(initial=0.0)) / 10
    return bool(np.allclose(actual, expected, rtol=tolerance, atol=floor, equal_nan=True))


def texts_close(expected, actual):
    """Whether texts agree; a decimal fraction may differ by about one unit of the fourth digit, as printed."""
    expected_parts, actual_parts = DECIMAL.split(expected), DECIMAL.split(actual)
    if len(expected_parts) != len(actual_parts) or len(expected) != len(actual):
        return False
    pairs = list(zip(expected_parts, actual_parts))
    fractions = all(math.isclose(float(one), float(two), rel_tol=1e-3, abs_tol=2e-4) for one, two in pairs[1::2])
    return fractions and all(one == two for one, two in pairs[::2])


def difference_of_numbers(expected, actual, where, tolerance):
    name = expected.get("tensor") or expected.get("array")
    exact = name == "bool" or "int" in name
    tolerance = tolerance or TOLERANCES.get(name, SINGLE)
    same = expected["values"] == actual["values"] if exact else numbers_close(
        expected["values"], actual["values"], tolerance)
    return None if same else f"{where}: values\n  expected {expected['values']}\n  actual   {actual['values']}"


def difference_of_mappings(expected, actual, where, tolerance):
    if list(expected) != list(actual) or expected.get("error", 0) != actual.get("error", 0) and "text" in expected:
        return f"{where}: expected {describe(expected)}, actual {describe(actual)}"
    numeric = "tensor" in expected or "array" in expected
    for key in expected:
        if not (numeric and key == "values"):
            found = first_difference(expected[key], actual[key], f"{where}.{key}", tolerance)
            if found:
                return found
    return difference_of_numbers(expected, actual, where, tolerance) if numeric else None


def difference_of_lists(expected, actual, where, tolerance):
    for position, (one, two) in enumerate(zip(expected, actual)):
        found = first_difference(one, two, f"{where}[{position}]", tolerance)
        if found:
            return found
    if len(expected) != len(actual):
        return f"{where}: expected {len(expected)} items, actual {len(actual)}"
    return None


def first_difference(expected, actual, where="result", tolerance=None):
    """Where two observations part, in words, or None; `tolerance` on numbers is that of each dtype unless given."""
    if type(expected) is type(actual):
        if isinstance(expected, dict):
            return difference_of_mappings(expected, actual, where, tolerance)
        if isinstance(expected, list):
            return difference_of_lists(expected, actual, where, tolerance)
        if isinstance(expected, float) and numbers_close([expected], [actual], tolerance or SINGLE):
            return None
        if expected == actual or (isinstance(expected, str) and texts_close(expected, actual)):
            return None
    return f"{where}:\n  expected {describe(expected)}\n  actual   {describe(actual)}"


def describe(observation):
    """An observation on one line."""
    return observation if isinstance(observation, str) else json.dumps(observation)
