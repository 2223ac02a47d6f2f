"""The scaler of losses: good steps and bad ones, the scale as it goes, states, errors."""

import pickle

from tests.worlds import both_worlds, expressions, refusal


def started(torch, **options):
    """A scaler on the CPU, a parameter and its optimizer."""
    param = torch.nn.Parameter(torch.tensor([1.0, 2.0]))
    return torch.amp.GradScaler("cpu", init_scale=4.0, growth_interval=2, **options), param, torch.optim.SGD([param], lr=0.1)


@both_worlds
def test_steps(torch):
    scaler, param, optimizer = started(torch)
    for spoil in (1.0, 1.0, float("inf"), 1.0, float("nan"), 1.0):
        optimizer.zero_grad()
        scaler.scale((param * param).sum() * spoil).backward()
        yield param.grad, scaler.step(optimizer), param.detach().clone()
        scaler.update()
        yield scaler.get_scale(), scaler.state_dict()


@both_worlds
def test_unscaling_by_hand(torch):
    scaler, param, optimizer = started(torch)
    yield refusal(scaler.step, optimizer), refusal(scaler.update), refusal(scaler.unscale_, optimizer)
    scaled = scaler.scale((param * param).sum())
    yield scaled.detach(), refusal(scaler.update), refusal(scaler.step, optimizer)
    scaler, param, optimizer = started(torch)
    scaler.scale((param * param).sum()).backward()
    scaler.unscale_(optimizer)
    yield param.grad, refusal(scaler.unscale_, optimizer), refusal(pickle.dumps, scaler)
    scaler.step(optimizer)
    yield refusal(scaler.step, optimizer), refusal(scaler.unscale_, optimizer), param.detach()
    scaler.update(8.0)
    yield scaler.get_scale()
    scaler.update(torch.tensor(16.0))
    yield scaler.get_scale(), refusal(scaler.update, torch.ones(2)), scaler.get_growth_interval()
    copy = pickle.loads(pickle.dumps(scaler))
    yield copy.state_dict(), copy.get_scale()
    other = torch.amp.GradScaler("cpu")
    other.load_state_dict(scaler.state_dict())
    yield other.get_scale(), other.scale(torch.ones(1)), refusal(other.load_state_dict, {})


@both_worlds
def test_disabled(torch):
    scaler = torch.amp.GradScaler("cpu", enabled=False)
    _, param, optimizer = started(torch)
    (param * 2).sum().backward()
    yield scaler.scale(3), scaler.is_enabled(), scaler.get_scale(), scaler.state_dict(), scaler.step(optimizer), scaler.update(), param.detach()


@expressions("""
[each.tolist() for each in s.scale([torch.ones(2), torch.ones(1)])], type(s.scale((torch.ones(1),))).__name__
s.scale(3)
torch.amp.GradScaler("cpu", growth_factor=0.5)
torch.amp.GradScaler("cpu", backoff_factor=2.0)
torch.amp.GradScaler("cpu").state_dict()
s.get_growth_factor(), s.get_backoff_factor(), s.set_growth_factor(3.0), s.get_growth_factor()
torch.amp.GradScaler.__module__.partition(".")[2]
""")
def test_call(torch):
    return {"s": started(torch)[0]}
