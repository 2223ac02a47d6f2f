"""A call that fails changes nothing, and nothing of it comes up later."""

import pytest

from tests.worlds import both_worlds

CALLS = {
    "scatter": lambda torch, x, i: torch.scatter(x, 0, i + 34, x[0]),
    "gather": lambda torch, x, i: torch.gather(x, 0, (i + 9)[:, :, None]),
    "embedding": lambda torch, x, i: torch.nn.functional.embedding(i + 9, x[0]),
    "nll_loss": lambda torch, x, i: torch.nn.functional.nll_loss(x, i[0] + 7),
}


@pytest.mark.parametrize("name", CALLS)
@both_worlds
def test_an_index_of_a_failed_call_is_not_complained_of_later(torch, name):
    x, i = torch.zeros(3, 3), torch.zeros(2, 2, dtype=torch.int64)
    try:
        CALLS[name](torch, x, i)
        failed = False
    except Exception as error:
        failed = type(error).__name__
    return failed, (x + 1).sum().item(), (i + 1).tolist()
