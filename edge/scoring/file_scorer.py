"""Makes the scorer of recorded readings from what the command line asks for."""

from __future__ import annotations

import math
from collections.abc import Collection

from edge.bundles.bundle import Bundle
from edge.errors import RequestError
from edge.scoring.scorer import Scorer


def file_scorer(
    bundle: Bundle,
    *,
    absent: Collection[str] = (),
    request: float | None = None,
    enhancement: float | None = None,
    limit: float | None = None,
    adapt: bool = False,
) -> Scorer:
    """Make a scorer.

    Parameters
    ----------
    bundle
        The station's bundle.
    absent
        Keys that the station never sends: the gas column's, or none.
    request
        Requested rate of exceedances by chance, per kind, as a share of the readings in (0, 1); ``None``: the bundle's.
    enhancement, limit
        Gas level above the background, and absolute gas level, that exceed [unit of the gas column]; ``None``: the
        bundle's enhancement, no limit.
    adapt
        Whether thresholds follow the rows.

    Raises
    ------
    BundleError
        The bundle has no scorer for a station without the ``absent`` keys.
    RequestError
        A number is out of its range, or there is no gas level to compare it with.
    """
    gas = bundle.station.gas
    for name, level in (("enhancement", enhancement), ("limit", limit)):
        if level is not None and (gas is None or gas in absent):
            raise RequestError(f"{name}: got {level:g}, but these rows have no gas level to compare it with")
    check_request(request, enhancement, limit)
    return Scorer(
        bundle,
        absent=absent,
        exceedances_per_1000=None if request is None else 1000 * request,
        enhancement=enhancement,
        limit=limit,
        adapt=adapt,
    )


def check_request(request: float | None, enhancement: float | None = None, limit: float | None = None) -> None:
    """Refuse a number that is out of its range, see :func:`file_scorer` (RequestError)."""
    if request is not None and not 0 < request < 1:
        raise RequestError(f"request: got {request:g}, expected a rate in (0, 1); 0.001 is one reading in 1000")
    for name, level in (("enhancement", enhancement), ("limit", limit)):
        if level is not None and not 0 < level < math.inf:
            raise RequestError(f"{name}: got {level:g}, expected a gas level above 0")


def unadapted_note(bundle: Bundle, scorer: Scorer, absent: Collection[str]) -> str | None:
    """Say that a threshold stays as it was trained, although thresholds follow the rows; ``None``: all follow."""
    if scorer.level is None and bundle.scoring(absent=bool(absent)).virtual is not None:
        return "methane: its threshold is not recalibrated, because no analyser says which readings are quiet"
    return None
