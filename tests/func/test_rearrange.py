"""torch.func.rearrange, functionalize and their like."""

from tests.worlds import both_worlds, expressions, refusal


@expressions("""
    rearrange(i, 'a b c -> (a b) c')
    rearrange(i, 'a b (c d) -> a c b d', d=2)
    rearrange(i, '... c -> c ...')
    rearrange([i, i], 'n a b c -> n c (a b)')
    rearrange(i, 'a b c -> a b c 1').shape
    rearrange(i, 'a ... -> a (...)')
    rearrange(i, 'a b c -> (a b c) ()').shape
    rearrange(i.reshape(2, 1, 3, 4), 'a 1 b c -> a b c').shape
    rearrange(i, 'a b c -> a b')
    rearrange(i, 'a b -> b a')
    rearrange(i, 'a b (c d) -> a b c d', d=3)
    rearrange(i, 'a a b -> b')
    rearrange(i, 'a b c')
    rearrange(i, 'a (b ...) -> a b ...', b=3)
    rearrange(i, 'a b c -> a b c', q=3)
    rearrange(i, '_a b c -> _a b c')
    rearrange(i, 'a b c -> ((a b) c)')
""")
def test_rearrange(torch):
    return {"rearrange": torch.func.rearrange, "i": torch.arange(24).reshape(2, 3, 4)}


@both_worlds
def test_what_is_so_already(torch):
    def written(x):
        x.add_(1)
        return x, [x * 2]
    x = torch.zeros(2)
    yield torch.func.functionalize(written)(x), x, refusal(lambda: torch.func.functionalize(written, remove="other")(x))
    yield torch.func.debug_unwrap(x) is x
    model = torch.nn.Sequential(torch.nn.BatchNorm1d(2), torch.nn.Sequential(torch.nn.BatchNorm2d(3)))
    yield torch.func.replace_all_batch_norm_modules_(model) is model
    yield [(each.running_mean, each.num_batches_tracked, each.track_running_stats) for each in model.modules() if hasattr(each, "running_mean")]
