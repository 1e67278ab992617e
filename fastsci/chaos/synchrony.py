"""How far the nodes of a network move together: order parameter, cross-correlation, synchronisation error."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fastsci_kernels.loops.batch import over
from fastsci_kernels.measures import synchrony

from .._arrays import real_array
from ._series import whole
from .neighbours import binary_exponent


def kuramoto_order(phases: ArrayLike, *, harmonic: int = 1) -> Any:
    """Kuramoto's order parameter: the length of the mean of ``exp(i phase)`` over the oscillators.

    It is 1, exactly, where all phases are equal, and about ``sqrt(pi / (4 n_oscillators))`` for independent ones.

    Parameters
    ----------
    phases : (..., n_oscillators) array
        Phases in radians, wrapped or not; computed in float64.
    harmonic : int
        Multiple of the phases to take (Daido): with 2, two opposite clusters count as one.

    Returns
    -------
    float or (...) array
        From 0 to 1; NaN where a phase is NaN or infinite.

    Raises
    ------
    ValueError, TypeError
        One line that names the argument, what it was, what was expected and what to try.

    References
    ----------
    Kuramoto, Chemical Oscillations, Waves, and Turbulence (Springer, 1984), section 5.4; Daido, Prog. Theor. Phys. 88,
    1213 (1992).

    Examples
    --------
    >>> import numpy as np
    >>> from fastsci.chaos.synchrony import kuramoto_order
    >>> kuramoto_order([[0.3, 0.3, 0.3], [0.0, np.pi / 2, np.pi]]).round(4)
    array([1.    , 0.3333])
    """
    return _order_parameter(phases, harmonic)[0]


def kuramoto_phase(phases: ArrayLike, *, harmonic: int = 1) -> Any:
    """The mean phase: the angle of the mean of ``exp(i harmonic phase)`` over the oscillators.

    Parameters
    ----------
    phases : (..., n_oscillators) array
        Phases in radians, as for `kuramoto_order`.
    harmonic : int
        Multiple of the phases to take; the angle is that of the multiple.

    Returns
    -------
    float or (...) array
        From -pi to pi; without meaning where the order parameter vanishes; NaN where a phase is NaN or infinite.

    Raises
    ------
    ValueError, TypeError
        One line that names the argument, what it was, what was expected and what to try.

    Examples
    --------
    >>> from fastsci.chaos.synchrony import kuramoto_phase
    >>> round(kuramoto_phase([0.1, 0.3]), 4)
    0.2
    """
    return _order_parameter(phases, harmonic)[1]


def _order_parameter(phases: ArrayLike, harmonic: int) -> tuple[Any, Any]:
    values = np.asarray(real_array(phases, "phases"), dtype=np.float64)
    if values.ndim == 0 or values.shape[-1] == 0:
        raise ValueError(f"phases: has shape {values.shape}, expected (..., n_oscillators), at least one; reshape it")
    multiple = float(whole("harmonic", harmonic, 1))
    rows = np.ascontiguousarray(values.reshape(-1, values.shape[-1]))
    lengths, angles = np.empty(len(rows)), np.empty(len(rows))
    over(
        len(rows),
        lambda first, last: synchrony.order_parameters(rows, multiple, first, last, lengths, angles),
        rows.shape[1] * 3e-9,
    )
    if values.ndim == 1:
        return float(lengths[0]), float(angles[0])
    return lengths.reshape(values.shape[:-1]), angles.reshape(values.shape[:-1])


def cross_correlation_synchrony(trajectories: ArrayLike, *, reference: int | None = None) -> Any:
    """Normalised cross-correlation of the nodes of a network, averaged over pairs.

    For nodes i and m, with x' the deviation of x from its mean in time, it is
    ``<x_i' x_m'> / sqrt(<x_i'**2> <x_m'**2>)``.  The average runs over all pairs of different nodes, or over those
    of one node with each other one.  It is 1, exactly, where all nodes do the same, and near 0 for independent ones;
    over all pairs it is at least ``-1 / (n_nodes - 1)``.

    Parameters
    ----------
    trajectories : (n_times, n_nodes) or (n_members, n_times, n_nodes) array
        One variable of every node in time, the transient left out; computed in float64.
    reference : int, optional
        The node that is paired with the others, as in studies of rings and stars of map neurons, where it is the hub or
        a neighbour of it; all pairs by default.

    Returns
    -------
    float or (n_members,) array
        NaN where a node is constant, for it correlates with nothing, or holds NaN or infinity.

    Raises
    ------
    ValueError, TypeError
        One line that names the argument, what it was, what was expected and what to try.

    References
    ----------
    Vadivasova, Strelkova, Bogomolov and Anishchenko, Chaos 26, 093108 (2016).

    Examples
    --------
    >>> import numpy as np
    >>> from fastsci.chaos.synchrony import cross_correlation_synchrony
    >>> t = np.linspace(0.0, 2.0 * np.pi, 100, endpoint=False)
    >>> x = np.stack([np.sin(t), np.sin(t), -np.sin(t)], axis=1)
    >>> round(cross_correlation_synchrony(x), 4), round(cross_correlation_synchrony(x, reference=0), 4)
    (-0.3333, 0.0)
    """
    members, alone = _members(trajectories)
    node = -1 if reference is None else _node(reference, members.shape[2])
    scaled = np.ldexp(members, -binary_exponent(members, axis=(1, 2)))
    values = np.empty(len(members))
    over(
        len(members),
        lambda first, last: synchrony.cross_correlation(scaled, node, first, last, values),
        members[0].size * 3e-9,
    )
    return float(values[0]) if alone else values


def synchronization_error(trajectories: ArrayLike, *, reference: int = 0) -> Any:
    """Mean distance of the nodes of a network from one of them, over time and nodes.

    It is the average over the other nodes m of ``<|x_m - x_reference|>``, the mean in time: 0, exactly, where all nodes
    do the same.

    Parameters
    ----------
    trajectories : (n_times, n_nodes) or (n_members, n_times, n_nodes) array
        One variable of every node in time, the transient left out; computed in float64.
    reference : int
        The node from which distances are taken.

    Returns
    -------
    float or (n_members,) array
        In the unit of the variable; NaN or infinite where a node is.

    Raises
    ------
    ValueError, TypeError
        One line that names the argument, what it was, what was expected and what to try.

    Examples
    --------
    >>> from fastsci.chaos.synchrony import synchronization_error
    >>> synchronization_error([[0.0, 1.0, 3.0], [0.0, 1.0, -1.0]])
    1.5
    """
    members, alone = _members(trajectories)
    node = _node(reference, members.shape[2])
    values = np.empty(len(members))
    over(
        len(members),
        lambda first, last: synchrony.differences(members, node, first, last, values),
        members[0].size * 1e-9,
    )
    return float(values[0]) if alone else values


def _node(reference: Any, n_nodes: int) -> int:
    return whole("reference", reference, 0, n_nodes - 1)


def _members(trajectories: ArrayLike) -> tuple[np.ndarray, bool]:
    """``(n_members, n_times, n_nodes)``, and whether it was one without a member axis."""
    values = real_array(trajectories, "trajectories")
    if values.ndim not in (2, 3):
        raise ValueError(
            f"trajectories: has shape {values.shape}, expected (n_times, n_nodes) or (n_members, n_times, n_nodes);"
            " reshape it"
        )
    if values.shape[-1] < 2 or values.shape[-2] < 1 or values.shape[0] < 1:
        raise ValueError(
            f"trajectories: has shape {values.shape}, expected at least one time and two nodes, which come last;"
            " transpose it"
        )
    members = values if values.ndim == 3 else values[np.newaxis]
    return np.ascontiguousarray(members, dtype=np.float64), values.ndim == 2
