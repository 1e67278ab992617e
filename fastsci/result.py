"""What an ensemble run hands back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from ._arrays import to_numpy
from .dense import DenseOutput
from .events import Ragged

if TYPE_CHECKING:
    import xarray

MESSAGES = {
    0: "The solver successfully reached the end of the integration interval.",
    1: "An event ended the integration.",
    -1: "The state became infinite or NaN.",
    -2: "The right-hand side raised an exception.",
    -3: "The step size fell below the spacing of the numbers around t.",
    -4: "The number of steps reached max_steps.",
}

RESERVED = frozenset({"member", "state", "time", "save", "y", "y_final", "status"})


class ByMember:
    """How the members of an ensemble ended."""

    status: Any

    @property
    def success(self) -> Any:
        """Whether each member reached its end, or an event that ends it."""
        return self.status >= 0

    def __len__(self) -> int:
        return len(self.status)

    def message(self, i: int) -> str:
        """How member ``i`` ended, in words."""
        return MESSAGES[int(self.status[i])]

    def failures(self) -> str:
        """Words on how many failed, where some did, for the end of a sentence."""
        failed = int(np.sum(to_numpy(self.status) < 0))
        return f", {failed} failed" if failed else ""


@dataclass(frozen=True, eq=False, repr=False)
class EnsembleResult(ByMember):
    """Trajectories of an ensemble.

    Attributes
    ----------
    t : (n_times,) or (n_members, n_times) array
        Times of the saves; with a time span per member, one row each.
    y : (n_members, dim, n_times) array
        The saves; ``y[i]`` has the shape of SciPy's ``sol.y``.  A view of memory laid out (time, state, member).
    y_final : (n_members, dim) array
        State at the end of the time span.
    status : (n_members,) array of int8
        0 reached the end, 1 an event ended it, negative: failed; `message` says how.
    nfev, naccepted, nrejected : (n_members,) array of int64
        Calls of the right-hand side (those of dense output and of Jacobians not counted), steps taken and steps
        refused.
    path : {"lanes", "scalar", "cuda"}
        What computed it: SIMD lanes, one member at a time, or a GPU.
    reason : str
        Why not lanes, where `path` is "scalar".
    params : mapping of str to (n_members,) array
        Parameters of the run.
    t_final : (n_members,) array
        Time at which each member stopped: the end of its span, its terminal event, or where it failed.
    t_events, y_events : list of sequence, or None
        ``t_events[e][i] (n,)`` are the times at which member ``i`` met event ``e``, ``y_events[e][i] (n, dim)`` its
        states there, before any jump.
    sol : DenseOutput, or None
        The solution at any time, where ``dense_output=True`` asked for it.
    lanes_busy : float
        Share of the SIMD lanes' steps that served a member; 1 where all take the same steps.
    reduced : mapping of str to array or Crossing
        The statistics that ``reduce`` asked for, member first; ``t`` and ``y`` then hold no times.
    """

    t: Any
    y: Any
    y_final: Any
    status: Any
    nfev: Any
    naccepted: Any
    nrejected: Any
    path: str
    reason: str = ""
    system: str = ""
    method: str = ""
    state: tuple[str, ...] = ()
    params: Mapping[str, Any] = field(default_factory=dict)
    t_final: Any = None
    t_events: list[Ragged] | None = None
    y_events: list[Ragged] | None = None
    sol: DenseOutput | None = None
    lanes_busy: float = 1.0
    reduced: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        members, dim, times = self.y.shape
        failed = int((self.status < 0).sum())
        return (
            f"<EnsembleResult {self.system} by {self.method}: {members} members x {dim} states x {times} times,"
            f" path {self.path}, {failed} failed>"
        )

    def to_scipy(self, i: int) -> Any:
        """Member ``i`` as `scipy.integrate.solve_ivp` would return it.

        Returns
        -------
        OdeResult
            With ``t (n_times,)``, ``y (dim, n_times)``, ``nfev``, ``status``, ``message`` and ``success``.
        """
        from scipy.integrate._ivp.ivp import OdeResult

        return OdeResult(
            t=np.asarray(self.t if self.t.ndim == 1 else self.t[i]),
            y=np.asarray(self.y[i]),
            sol=None if self.sol is None else partial(self.sol.member, i),
            t_events=None if self.t_events is None else [times[i] for times in self.t_events],
            y_events=None if self.y_events is None else [states[i] for states in self.y_events],
            nfev=int(self.nfev[i]),
            njev=0,
            nlu=0,
            status=int(self.status[i]),
            message=self.message(i),
            success=bool(self.success[i]),
        )

    def to_xarray(self) -> xarray.Dataset:
        """The run as a labelled dataset: dimensions member, state and time; parameters are member coordinates.

        A parameter called like one of the dataset's own names (state, time, y, ...) has ``_parameter`` after it.
        """
        import xarray

        own_times = self.t.ndim == 2
        coordinates: dict[str, Any] = {
            "state": list(self.state) or list(range(self.y.shape[1])),
            "time": (("member", "save"), np.asarray(self.t)) if own_times else np.asarray(self.t),
            **{
                f"{name}_parameter" if name in RESERVED else name: ("member", np.asarray(values))
                for name, values in self.params.items()
            },
        }
        return xarray.Dataset(
            {
                "y": (("member", "state", "save" if own_times else "time"), np.asarray(self.y)),
                "y_final": (("member", "state"), np.asarray(self.y_final)),
                "status": ("member", np.asarray(self.status)),
            },
            coords=coordinates,
            attrs={"system": self.system, "method": self.method, "path": self.path},
        )
