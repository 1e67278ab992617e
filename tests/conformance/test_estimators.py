"""Every estimator is one of scikit-learn, by that package's own checks."""

from unittest import SkipTest

import pytest
from sklearn.utils.estimator_checks import estimator_checks_generator

from fastsci import lowrank, sparse
from fastsci.linear import RandomFourierFeatures

ESTIMATORS = [
    sparse.STLSQ(),
    sparse.SR3(),
    sparse.ThresholdPath(),
    sparse.SSR(),
    sparse.SSR(criteria="model_residual", selection="bic"),
    sparse.FROLS(),
    sparse.BestSubset(),
    sparse.BestSubset(2, fit_intercept=True),
    sparse.RVM(),
    sparse.RVM(threshold=3.0, fit_intercept=True),
    sparse.MSTLS(),
    sparse.MSTLS(loss="projection", fit_intercept=True),
    sparse.ConstrainedSTLSQ(),
    sparse.Lasso(),
    sparse.ElasticNet(),
    sparse.MultiTaskLasso(),
    sparse.LassoCV(),
    lowrank.KernelKoopman(),
    lowrank.KernelKoopman(None, "matern32", reduced_rank=False),
    lowrank.NystroemKoopman(),
    lowrank.NystroemKoopman(3, 5, selection="leverage"),
    lowrank.EDMD(),
    lowrank.GeneratorEDMD(),
    lowrank.ResDMD(),
    lowrank.StreamingSVD(),
    lowrank.StreamingSVD(1),
    lowrank.StreamingSVD(2, centred=True),
    RandomFourierFeatures(rng=0),
    RandomFourierFeatures(7, gamma=0.5, orthogonal=True, rng=1),
]


# Deriving from scikit-learn's class would load it, a second, at every import.
@pytest.mark.filterwarnings("ignore:Estimator .* does not inherit from:UserWarning")
# The checks fit noise: thresholds leave nothing of it, and sweeps that a check limits may not suffice.
@pytest.mark.filterwarnings("ignore::fastsci.sparse.thresholding.EliminationWarning")
@pytest.mark.filterwarnings("ignore::fastsci.sparse.thresholding.IterationWarning")
@pytest.mark.filterwarnings("ignore:no term of target")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("estimator", ESTIMATORS, ids=repr)
def test_checks_of_scikit_learn(estimator):
    passed, left_out = 0, []
    for own, check in estimator_checks_generator(estimator):
        try:
            check(own)
            passed += 1
        except SkipTest as skipped:
            left_out.append(str(skipped))
    assert passed >= 40
    assert all("SCIPY_ARRAY_API is not set" in reason for reason in left_out)
