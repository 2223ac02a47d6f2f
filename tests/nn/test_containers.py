"""Sequences and dictionaries of modules and parameters: their text, their order and their errors."""

from collections import OrderedDict

from tests.worlds import both_worlds, expressions


@expressions("""
str(Seq()), str(Seq(ReLU(), Tanh())), str(Seq(OrderedDict(a=ReLU(), b=Tanh())))
str(Seq(Seq(ReLU()), ReLU())[0:1]), str(Seq(ReLU(), Tanh(), GELU())[-1]), str(Seq(OrderedDict(a=ReLU(), b=Tanh()))[1:])
Seq(ReLU())[3]
Seq(ReLU())["0"]
Seq(3)
Seq([ReLU()])
str(Seq(OrderedDict(a=ReLU(), b=Tanh())).append(ReLU())), str(Seq(ReLU()).extend([GELU()]))
str(Seq(ReLU(), Tanh()).pop(0)), len(Seq(ReLU(), Tanh()))
str(Seq(ReLU(), Tanh()).insert(-1, GELU())), str(Seq(ReLU()).insert(1, GELU())), str(Seq(ReLU()).insert(0, GELU()))
Seq(ReLU()).insert(5, ReLU())
Seq(ReLU(), Tanh()).insert(0, 3)
str(Seq(ReLU()) + Seq(Tanh())), str(Seq(ReLU()) * 2), str(2 * Seq(ReLU(), Tanh()))
Seq(ReLU()) + [GELU()]
Seq(ReLU()) * 0
Seq(ReLU()) * 1.0
[str(each) for each in Seq(ReLU(), Tanh())], Seq(ReLU(), Tanh())(torch.tensor([-1.0, 2.0]))
[name for name in dir(Seq(ReLU())) if name.isdigit()]
str(List()), str(List([ReLU(), ReLU(), Tanh()])), str(List([Linear(1, 1) for _ in range(4)]))
str(List([Seq(ReLU(), ReLU()), Seq(ReLU(), ReLU())]))
str(List([ReLU()]) + [Tanh()]), str(List([ReLU(), Tanh(), GELU()])[1:]), str(List([ReLU(), Tanh()])[-1])
List([ReLU()])[3]
List([ReLU()])["0"]
List(ReLU())
List(3)
List([3])
List()(1)
str(List([ReLU(), Tanh()]).pop(0)), str(List().append(ReLU()).extend(List([Tanh()])))
str(Dict()), str(Dict({"a": ReLU(), "b": Tanh()})), str(Dict([("a", ReLU())])), str(Dict(Dict({"x": ReLU()})))
Dict(3)
Dict([("a", ReLU(), 3)])
Dict([3])
Dict({"a": 3})
Dict({"a": ReLU()})["b"]
Dict({"training": ReLU()})
Dict({"items": ReLU()})
Dict({"a.b": ReLU()})
str(PList([3, torch.ones(2), Linear(2, 2), Param(torch.ones(1, 3, dtype=torch.float64), False)])), str(PList())
str(PList([1, 2, 3])[1:]), PList([1, 2])[-1], len(PList([1, 2])), list(PList([torch.ones(1)]))
PList(3)
PList([1])[4]
PList([1])["0"]
PList([1])(3)
[name for name, _ in PList([torch.ones(1), Param(torch.ones(2))]).named_parameters()]
str(PDict()), str(PDict({"a": torch.ones(2), "b": "x"})), str(PDict([("a", 3)]))
list(PDict({"b": 1, "a": 2})), list(PDict(OrderedDict(b=1, a=2))), list(reversed(PDict([("b", 1), ("a", 2)])))
PDict(3)
PDict({3: 3})
PDict([3])
PDict([("a", 1, 2)])
PDict({"b": 1})["c"]
PDict({"b": 1}).pop("c")
PDict({"b": 1}).popitem(), PDict({"b": 1}).pop("b"), PDict({"b": 1}).get("c"), PDict({"b": 1}).get("c", 4), "b" in PDict({"b": 1})
PDict({"b": 1})(3)
str(PDict().fromkeys(["x", "y"], 2)), str(PDict({"b": 1}) | PDict({"b": 2, "c": 3})), dict(PDict({"b": 1}).copy().items())
PDict({"b": 1}).setdefault("b", 3), PDict({"b": 1}).setdefault("c", 3), list(PDict({"b": 1}).keys()), list(PDict({"b": 1}).values())
""")
def test_made(torch):
    nn = torch.nn
    return {"Seq": nn.Sequential, "List": nn.ModuleList, "Dict": nn.ModuleDict, "PList": nn.ParameterList, "PDict": nn.ParameterDict,
            "Param": nn.Parameter, "Linear": nn.Linear, "ReLU": nn.ReLU, "Tanh": nn.Tanh, "GELU": nn.GELU, "OrderedDict": OrderedDict}


@both_worlds
def test_sequences_changed(torch):
    nn = torch.nn
    for made in (nn.Sequential(nn.ReLU(), nn.Tanh(), nn.GELU()), nn.ModuleList([nn.ReLU(), nn.Tanh(), nn.GELU()])):
        del made[0]
        made[1] = nn.SiLU()
        yield str(made)
        made.insert(0, nn.Sigmoid())
        del made[0:2]
        yield str(made), list(made._modules)
        made += type(made)(nn.Tanh()) if isinstance(made, nn.Sequential) else [nn.Tanh()]
        yield str(made)


@both_worlds
def test_dictionaries_changed(torch):
    nn = torch.nn
    made = nn.ModuleDict({"a": nn.ReLU()})
    made["b"] = nn.Tanh()
    made.update({"c": nn.Linear(1, 1)})
    yield list(made.keys()), "a" in made, str(made.pop("a")), len(made), str(list(made.items())), list(made.state_dict())
    del made["b"]
    yield str(list(made.values())), list(made)
    made.clear()
    yield len(made)
    parameters = nn.ParameterDict({"w": torch.ones(2)})
    parameters["v"] = nn.Parameter(torch.zeros(1))
    parameters |= nn.ParameterDict({"u": torch.ones(1)})
    yield list(parameters), list(parameters.state_dict()), parameters["w"].requires_grad
    del parameters["w"]
    parameters.clear()
    yield len(parameters), list(parameters.named_parameters())


@both_worlds
def test_parameters_in_lists_are_found(torch):
    nn = torch.nn
    made = nn.ParameterList([torch.ones(1)])
    made += [torch.zeros(2)]
    made[0] = nn.Parameter(torch.full((3,), 2.0))
    made.append(5)
    yield len(made), [name for name, _ in made.named_parameters()], made.state_dict(), str(made)
