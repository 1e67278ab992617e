"""Double descents on the simulator are those of the CPU."""

from __future__ import annotations

import numpy as np
import pytest

from fastsci.linear import double_descent

pytestmark = pytest.mark.cuda_sim


@pytest.mark.parametrize("alpha", [0.0, [0.0, 0.5, 30.0]], ids=["none", "three"])
def test_draws_are_those_of_the_cpu(alpha):
    options = {"noise_std": 0.3, "signal_norm": 2.0, "alpha": alpha, "rng": 5}
    # Ratios around 1 are left out: there rounding is magnified by conditions of 1e3.
    gpu = double_descent(10, [0.1, 0.4, 3.0], 9, device="cuda", **options)
    cpu = double_descent(10, [0.1, 0.4, 3.0], 9, **options)
    np.testing.assert_allclose(gpu.risks, cpu.risks, rtol=1e-11)
    np.testing.assert_allclose(gpu.squared_norms, cpu.squared_norms, rtol=1e-11)
    np.testing.assert_allclose(gpu.training_errors, cpu.training_errors, rtol=1e-11, atol=1e-25)


def test_features_of_a_function_stay_on_the_cpu():
    with pytest.raises(ValueError, match="device: is 'cuda', expected 'cpu' for features"):
        double_descent(10, 0.5, 2, features=lambda rng, n, p: rng.normal(size=(n, p)), device="cuda", rng=0)
