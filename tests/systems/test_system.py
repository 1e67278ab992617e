"""System: what it holds, how it names things, how it evaluates its function."""

import math
import types
import weakref

import numpy as np
import pytest

from fastsci.system import System, system


def decay(t, u, p):
    x, y = u
    rate, shift = p
    return -rate * x + shift, -rate * y


def ring(t, u, p, du):
    for i in range(len(du)):
        du[i] = p[0] * u[i - 1]


def made_by_exec(source):
    namespace = {}
    exec(source, namespace)  # there is no source to read: names come from the bytecode alone
    return namespace["f"]


def test_a_tuple_function_is_described_by_its_own_unpackings():
    made = system(decay)
    assert isinstance(made, System)
    assert made.name == "decay"
    assert made.fun is decay
    assert made.style == "tuple"
    assert made.kind == "flow"
    assert made.state == ("x", "y")
    assert made.dim == 2
    assert made.param_names == ("rate", "shift")
    assert all(math.isnan(value) for value in made.params.values())
    assert made.default_y0 is None
    assert made.dt is None
    assert (made.noise, made.jac, made.jvp) == (None, None, None)


def test_an_inplace_function_of_any_length_has_neither_names_nor_dimension():
    made = system(ring, kind="map")
    assert (made.style, made.kind) == ("inplace", "map")
    assert made.state is None
    assert made.dim is None
    assert made.param_names == ()


def test_the_decorator_takes_keywords_or_none():
    @system(
        params={"k": 2.0},
        state=("q",),
        kind="map",
        dt=0.5,
        default_y0=[1],
        facts={"a": {"b": [1, 2]}},
        name="n",
    )
    def with_keywords(t, u, p):
        return (p[0] * u[0],)

    @system
    def bare(t, u, p):
        return (u[0],)

    assert (with_keywords.name, with_keywords.dim, with_keywords.dt) == ("n", 1, 0.5)
    assert with_keywords.facts["a"]["b"] == (1, 2)
    assert bare.name == "bare"


@pytest.mark.parametrize(
    ("body", "state", "dim", "params"),
    [
        ("x, y, z = u; a, b = p", ("x", "y", "z"), 3, ("a", "b")),
        ("x, y, z = u\n    a, b = p", ("x", "y", "z"), 3, ("a", "b")),
        ("(x, y) = u; a, = p", ("x", "y"), 2, ("a",)),
        ("a, = p; [x, y] = u", ("x", "y"), 2, ("a",)),
        ("[x] = u; (a, b) = p", ("x",), 1, ("a", "b")),
        ("x, (y, z) = u; _, _, a = p", None, 2, ()),
        ("x, *rest = u; a = p[0]", None, None, ()),
        ("u = u[1:]; x, y = u; p = (p, 1); a, b = p", None, None, ()),
        ("x, y = u\n    a, b = p\n    g = lambda: p[0] + u[0] + x + a", ("x", "y"), 2, ("a", "b")),
        ("x, y = u\n    if t > 1:\n        a, b = p", ("x", "y"), 2, ("a", "b")),
        (
            "v = " + ", ".join(f"w{i}" for i in range(300)) + " = u",
            tuple(f"w{i}" for i in range(300)),
            300,
            (),
        ),
        ("x = u[0]", None, None, ()),
    ],
)
def test_names_come_from_the_bytecode(body, state, dim, params):
    if body.startswith("v = "):
        body = body.removeprefix("v = ")
    made = system(made_by_exec(f"def f(t, u, p):\n    {body}\n    return 0.0,"))
    assert (made.state, made.dim, made.param_names) == (state, dim, params)


def test_names_of_a_lambda_and_of_other_argument_names():
    made = system(made_by_exec("f = lambda time, y, c: [(a + b,) for (a, b) in [c]][0]"))
    assert (made.name, made.state, made.param_names) == ("<lambda>", None, ())
    made = system(made_by_exec("def f(time, y, c):\n    v, w = y\n    a, b = c\n    return v, w"))
    assert (made.state, made.param_names) == (("v", "w"), ("a", "b"))


def test_a_compiled_function_is_known_by_its_python_original():
    dispatcher = types.SimpleNamespace(py_func=decay)

    class Dispatcher:
        py_func = staticmethod(decay)

        def __call__(self):
            raise AssertionError("the compiled function must not be called")

    assert system(Dispatcher()).fun is decay
    with pytest.raises(TypeError, match="fun: is a SimpleNamespace"):
        system(dispatcher)


def test_default_arguments_after_the_third_leave_a_tuple_function():
    assert system(lambda t, u, p, scale=2.0: (scale * u[0],)).style == "tuple"
    assert system(lambda t, u, p, du, scale=2.0: None).style == "inplace"
    assert system(lambda t, u, p=(): (u[0],)).style == "tuple"


def test_a_system_never_changes():
    made = system(decay, params={"rate": 1.0, "shift": 0.0}, default_y0=[1.0, 2.0], facts={"a": {"b": 1}})
    with pytest.raises(AttributeError):
        made.name = "other"
    for mapping in (made.params, made.facts, made.facts["a"], made.constants):
        with pytest.raises(TypeError):
            mapping["new"] = 1.0
    with pytest.raises(ValueError, match="read-only"):
        made.default_y0[0] = 3.0


def test_a_system_keeps_no_tie_to_the_arrays_it_was_given():
    y0 = np.array([1.0, 2.0])
    made = system(decay, default_y0=y0)
    y0[0] = 7.0
    assert made.default_y0.tolist() == [1.0, 2.0]


def test_systems_are_hashed_by_identity_and_can_be_held_weakly():
    first, second = system(decay), system(decay)
    assert first != second
    assert len({first, second, first}) == 2
    assert weakref.ref(first)() is first


def test_with_params_copies():
    made = system(decay, params={"rate": 1.0, "shift": 0.5})
    other = made.with_params(shift=np.float32(2.0))
    assert dict(made.params) == {"rate": 1.0, "shift": 0.5}
    assert dict(other.params) == {"rate": 1.0, "shift": 2.0}
    assert other.param_names == ("rate", "shift")
    assert type(other.params["shift"]) is float
    assert other.fun is made.fun
    with pytest.raises(ValueError, match=r"no parameter 'shfit' .did you mean 'shift'"):
        made.with_params(shfit=1.0)
    with pytest.raises(TypeError, match="'shift' is '2'"):
        made.with_params(shift="2")


def test_repr_says_what_the_system_is():
    assert repr(system(decay, params={"rate": 1.0, "shift": 2 / 3})) == (
        "<System decay: flow of (x, y), parameters rate=1, shift=0.666667>"
    )
    assert "rate (no default)" in repr(system(decay))
    assert repr(system(ring, kind="map")) == "<System ring: map of a state of any length, no named parameters>"
    assert "12 components" in repr(system(ring, state=[f"x{i}" for i in range(12)]))


def test_rhs_of_one_state_and_of_many():
    made = system(decay, params={"rate": 2.0, "shift": 1.0})
    one = made.rhs(0.0, (3, 4))
    assert one.dtype == np.float64
    assert one.tolist() == [-5.0, -8.0]
    many = made.rhs(0.0, [[3, 4], [1, 1], [0, 0]])
    assert many.tolist() == [[-5.0, -8.0], [-1.0, -2.0], [1.0, 0.0]]


def test_rhs_takes_parameters_by_name_or_as_an_array():
    made = system(decay, params={"rate": 2.0, "shift": 1.0})
    assert made.rhs(0.0, [1.0, 1.0], {"shift": 5.0}).tolist() == [3.0, -2.0]
    assert made.rhs(0.0, [1.0, 1.0], [3.0, 0.0]).tolist() == [-3.0, -3.0]
    two = [[1.0, 1.0], [1.0, 1.0]]
    assert made.rhs(0.0, two, {"rate": [1.0, 2.0]}).tolist() == [[0.0, -1.0], [-1.0, -2.0]]
    assert made.rhs(0.0, two, [[1.0, 0.0], [2.0, 0.0]]).tolist() == [[-1.0, -1.0], [-2.0, -2.0]]
    assert system(lambda t, u, p: (p[2] * u[0],)).rhs(0.0, [2.0], [1.0, 2.0, 3.0]).tolist() == [6.0]
    assert system(lambda t, u, p: (u[0] + t,)).rhs([1.0, 2.0], [[2.0], [2.0]]).tolist() == [[3.0], [4.0]]


def test_rhs_in_place_equals_the_tuple_form():
    made = system(ring, params=["k"])
    assert made.rhs(0.0, [1.0, 2.0, 3.0], {"k": 2.0}).tolist() == [6.0, 2.0, 4.0]
    assert made.rhs(0.0, np.ones((2, 5)), [1.0]).shape == (2, 5)


def test_rhs_divides_by_zero_as_compiled_code_does():
    assert system(lambda t, u, p: (1.0 / u[0],)).rhs(0.0, [0.0]).tolist() == [math.inf]


def test_rhs_refuses_what_does_not_fit():
    made = system(decay, params={"rate": 2.0, "shift": 1.0})
    with pytest.raises(ValueError, match=r"u: has shape \(3,\), but decay takes \(2,\)"):
        made.rhs(0.0, [1.0, 2.0, 3.0])
    with pytest.raises(TypeError, match=r"u: is .* of dtype complex128, expected real"):
        made.rhs(0.0, [1j, 2.0])
    with pytest.raises(ValueError, match=r"params: has shape \(3,\), expected \(2,\)"):
        made.rhs(0.0, [1.0, 2.0], [1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match=r"params\['rate'\]: has shape \(3,\)"):
        made.rhs(0.0, [[1.0, 2.0]] * 2, {"rate": [1.0, 2.0, 3.0]})
    with pytest.raises(ValueError, match="no parameter 'gain'; it has rate, shift"):
        made.rhs(0.0, [1.0, 2.0], {"gain": 1.0})
    with pytest.raises(ValueError, match="no default for rate"):
        system(decay, params=("rate", "shift")).rhs(0.0, [1.0, 2.0], {"shift": 1.0})
    with pytest.raises(ValueError, match="u: is not a rectangular array"):
        made.rhs(0.0, [[1.0, 2.0], [1.0]])
