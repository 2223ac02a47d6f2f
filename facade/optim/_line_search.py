"""A line search for the strong Wolfe conditions (Nocedal and Wright, algorithms 3.5 and 3.6; cubic interpolation, equation 3.59)."""

from typing import NamedTuple

from facade.core.tensor.tensor import Tensor


class Point(NamedTuple):
    """A length along the direction, with the loss, the gradient and the slope there."""

    length: object
    loss: object
    grad: object
    slope: object


def cubic_minimum(one, other, low=None, high=None):
    """Where the cubic through two points with these slopes is least, between low and high; halfway there where it has no minimum."""
    if low is None:
        low, high = sorted((one.length, other.length), key=float)
    if one.length > other.length:
        one, other = other, one
    first = one.slope + other.slope - 3 * (one.loss - other.loss) / (one.length - other.length)
    square = first**2 - one.slope * other.slope
    if not square >= 0:
        return (low + high) / 2.0
    second = square.sqrt() if isinstance(square, Tensor) else square**0.5
    place = other.length - (other.length - one.length) * ((other.slope + second - first) / (other.slope - one.slope + 2 * second))
    return min(max(place, low), high)


def strong_wolfe(evaluate, length, direction, loss, grad, slope, c1=1e-4, c2=0.9, tolerance_change=1e-9, max_ls=25):
    """(loss, gradient, length, evaluations) at a point where the loss has fallen enough and the slope is flat enough.

    evaluate: length -> (loss, gradient); loss, grad, slope: at length 0.
    """
    begin = Point(0, loss, grad, slope)

    def at(length):
        loss, grad = evaluate(length)
        return Point(length, loss, grad, grad.dot(direction))

    def too_high(point):
        return point.loss > loss + c1 * point.length * slope

    def flat(point):
        return abs(point.slope) <= -c2 * slope
    bracket, found, taken = _bracketed(at, begin, length, too_high, flat, max_ls)
    if found or taken > max_ls:
        best = bracket[0] if len(bracket) == 1 or bracket[0].loss <= bracket[-1].loss else bracket[-1]
    else:
        best, taken = _narrowed(at, bracket, taken, too_high, flat, direction.abs().max(), tolerance_change, max_ls)
    return best.loss, best.grad, best.length, taken


def _bracketed(at, begin, length, too_high, flat, max_ls):
    """(two points with what is looked for between them, whether it is one of them, evaluations)."""
    before, point = begin, at(length)
    for tries in range(max_ls):
        if too_high(point) or tries > 1 and point.loss >= before.loss:
            return [before, point], False, tries + 1
        if flat(point):
            return [point], True, tries + 1
        if point.slope >= 0:
            return [before, point], False, tries + 1
        low, high = point.length + 0.01 * (point.length - before.length), point.length * 10
        before, point = point, at(cubic_minimum(before, point, low, high))
    return [begin, point], False, max_ls + 1


def _narrowed(at, bracket, taken, too_high, flat, reach, tolerance_change, max_ls):
    """(the best point between the two, evaluations); it comes nearer until it is flat there, or the two are very near."""
    best, other = sorted(bracket, key=lambda point: point.loss)
    stuck = False
    while taken - 1 < max_ls and not abs(other.length - best.length) * reach < tolerance_change:
        length, stuck = _inside(cubic_minimum(best, other), best, other, stuck)
        point = at(length)
        taken += 1
        if too_high(point) or point.loss >= best.loss:
            other = point
            best, other = (best, other) if best.loss <= other.loss else (other, best)
            continue
        if flat(point):
            return point, taken
        if point.slope * (other.length - best.length) >= 0:
            other = best
        best = point
    return best, taken


def _inside(length, best, other, stuck):
    """(the length, or one further inside where it came near an end of the bracket twice, whether it is near now)."""
    low, high = sorted((best.length, other.length), key=float)
    margin = 0.1 * (high - low)
    if not min(high - length, length - low) < margin:
        return length, False
    if not (stuck or length >= high or length <= low):
        return length, True
    return (high - margin if abs(length - high) < abs(length - low) else low + margin), False
