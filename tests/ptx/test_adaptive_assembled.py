"""Every adaptive method compiles to PTX and assembles; how many registers it takes, and what does not fit in them."""

from __future__ import annotations

import pytest

import fastsci
from fastsci_kernels.loops import adaptive_cuda
from fastsci_kernels.loops.adaptive_text import AdaptiveShape, EventKind
from fastsci_kernels.methods.control import CONTROLLERS
from fastsci_kernels.methods.registry import ADAPTIVE, STEPPED
from fastsci_kernels.methods.rosenbrock import Rosenbrock
from fastsci_kernels.methods.taylor import Taylor
from tests.ptx.assembler import assemble, ptx
from tests.ptx.test_assembled import AMPERE, HOPPER, double_instructions

pytestmark = pytest.mark.ptx
LORENZ = fastsci.systems.lorenz63


def peak(t, u, p):
    return u[0] * u[1] - p[2] * u[2]


def thrown_back(t, u, p):
    return u[0], u[1], 0.5 * u[2]


EVENTS = {
    "functions": {"user_event0": peak, "user_event1": peak, "user_apply1": thrown_back},
    "kinds": (EventKind(1), EventKind(-1, applies=True)),
}


def fitted(name, system, rtol=1e-6):
    if name == "Taylor":
        n_params = len(system.params)
        return Taylor.of(system.fun, style=system.style, dim=system.dim, n_params=n_params, tolerance=rtol)
    method = ADAPTIVE.get(name) or STEPPED[name]
    return method.fitted(system.fun) if isinstance(method, Rosenbrock) else method


def kernels(name, system=LORENZ, bits=64, *, rich=False):
    """The two kernels of a run, with ``rich`` those that look for events and save, and their signatures."""
    method = fitted(name, system)
    given = method.chooses_step or name not in ADAPTIVE
    shape = AdaptiveShape(
        "tuple" if method.chooses_step else system.style,
        system.dim,
        len(system.params),
        bits,
        controller=CONTROLLERS["fixed" if given else "i"],
        events=EVENTS["kinds"] if rich else (),
        saving=rich,
        flat_limit=method.flat_limit,
    )
    functions = {"slope": system.fun, **(EVENTS["functions"] if rich else {})}
    made = adaptive_cuda.build(functions, method, shape)
    return {
        "begin": (made.begin, adaptive_cuda.begin_signature(shape)),
        "drive": (made.drive, adaptive_cuda.drive_signature(shape)),
    }


def check(name, cc, folder, bits=64, *, system=LORENZ, rich=False):
    """Assemble both kernels; in single precision without an instruction of double precision."""
    found = {}
    for which, (kernel, signature) in kernels(name, system, bits, rich=rich).items():
        text = ptx(kernel, signature, cc)
        found[which] = assemble(text, cc, folder)
        assert ".ftz" not in text.replace("ex2.approx.ftz.f32", "")
        if bits == 32:
            assert double_instructions(text) == set()
        elif which == "drive":
            assert "fma.rn.f64" in text
    return found


def in_registers(kernel):
    return (kernel.spill_stores, kernel.spill_loads, kernel.stack) == (0, 0, 0)


# ptxas of CUDA 13 took 139 to 204 registers of the 255 there are, for the eighth-order method and the three Rosenbrock
# ones 190 to 220; a bound in between tells of a step that has grown.
METHODS = ["BogackiShampine3", "DormandPrince5", "Tsit5", "DOP853", "Rodas3", "Rodas4", "Rodas5P", "Taylor"]
VERNER = ["Verner6", "Verner7", "Verner9"]


@pytest.mark.parametrize("bits", [64, 32])
@pytest.mark.parametrize("name", METHODS)
def test_a_plain_run_stays_in_registers(name, bits, tmp_path):
    found = check(name, HOPPER, tmp_path, bits)
    assert in_registers(found["begin"])
    assert in_registers(found["drive"])
    assert found["drive"].registers <= (184 if bits == 64 else 128)


@pytest.mark.parametrize(("name", "bits"), [("Tsit5", 64), ("Tsit5", 32), ("Taylor", 64), ("RK4", 64)])
def test_and_so_does_one_with_events_and_saves(name, bits, tmp_path):
    found = check(name, HOPPER, tmp_path, bits, rich=True)
    assert in_registers(found["drive"])
    assert found["drive"].registers <= (224 if bits == 64 else 160)


@pytest.mark.slow
@pytest.mark.parametrize("bits", [64, 32])
@pytest.mark.parametrize("name", [*(name for name in METHODS if name not in ("Tsit5", "Taylor")), "Verner6"])
def test_of_every_method(name, bits, tmp_path):
    found = check(name, HOPPER, tmp_path, bits, rich=True)
    assert in_registers(found["drive"])
    assert found["drive"].registers <= (232 if bits == 64 else 160)


@pytest.mark.slow
@pytest.mark.parametrize("bits", [64, 32])
@pytest.mark.parametrize("cc", [AMPERE, HOPPER], ids=["sm_80", "sm_90"])
@pytest.mark.parametrize("name", VERNER)
def test_the_methods_of_many_stages(name, cc, bits, tmp_path):
    assert in_registers(check(name, cc, tmp_path, bits)["drive"])


@pytest.mark.slow
@pytest.mark.parametrize("cc", [AMPERE, HOPPER], ids=["sm_80", "sm_90"])
def test_the_dense_output_of_the_ninth_order_fills_all_registers(cc, tmp_path):
    """Its 26 slopes of three numbers outlive the step where events are looked for: 156 registers before all else."""
    found = check("Verner9", cc, tmp_path, rich=True)["drive"]
    assert found.registers == 255
    assert found.spill_stores <= 64
    assert found.spill_loads <= 64


@pytest.mark.parametrize("name", ["Tsit5", "Rodas5P", "Taylor"])
def test_ampere_assembles_them_alike(name, tmp_path):
    found = check(name, AMPERE, tmp_path)
    assert in_registers(found["drive"])
    assert found["drive"].registers <= 184


@pytest.mark.parametrize("cc", [AMPERE, HOPPER], ids=["sm_80", "sm_90"])
def test_robertson_with_tangents_of_three_directions_stays_in_registers(cc, tmp_path):
    found = check("Rodas5P", cc, tmp_path, system=fastsci.systems.robertson)
    assert in_registers(found["drive"])
    assert found["drive"].registers <= 184


def test_a_stiff_system_beyond_eight_numbers_keeps_its_matrix_in_local_memory(tmp_path):
    """Twenty species: a matrix of 400 numbers, and the state, slopes and stages of twenty each."""
    found = check("Rodas4", HOPPER, tmp_path, system=fastsci.systems.pollution)["drive"]
    assert found.stack >= 8 * 400
    assert found.stack <= 20_000
