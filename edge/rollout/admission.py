"""Whether a bundle may follow the running one at a station."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from config.settings.station import Station
from edge.bundles.bundle import Bundle
from edge.errors import BundleError

_PARTS = ("key", "unit", "role", "scale")


def check_successor(bundle: Bundle, running: Bundle, *, force: bool) -> None:
    """Check that a bundle may follow the running one.

    Parameters
    ----------
    bundle
        An intact bundle.
    running
        The one that scores the station.
    force
        Whether it may be older than the running one, or of a station of another name; other columns never may be.

    Raises
    ------
    BundleError
        It may not; the error names everything.
    """
    problems = list(_differences(bundle.station, running.station))
    if not force and bundle.station.name != running.station.name:
        problems.append(
            f"station: got one trained for {bundle.station.name!r}, expected {running.station.name!r} like the running "
            "one; fix: push it to its own station, or davylamp push --force"
        )
    if not force and bundle.id != running.id and _moment(bundle) < _moment(running):
        problems.append(
            f"created: got {bundle.manifest.created}, older than the running one of {running.manifest.created}; "
            "fix: model/rollback goes back to a bundle that is kept, and davylamp push --force takes an old one"
        )
    if problems:
        raise BundleError("; ".join(problems))


def _differences(station: Station, running: Station) -> Iterator[str]:
    """Yield a sentence for every difference between the columns of two stations."""
    fix = "fix: train with the station file of the running one, or change the bundle of its entry in gateway.yaml"
    if station.keys != running.keys:
        got, expected = ", ".join(station.keys), ", ".join(running.keys)
        yield f"columns: got {got}, expected {expected} like the running one; {fix}"
        return
    for one, other in zip(station.features, running.features, strict=True):
        for part in _PARTS[1:]:
            got, expected = getattr(one, part), getattr(other, part)
            if got != expected:
                yield f"{one.key}: {part}: got {got}, expected {expected} like the running one; {fix}"


def _moment(bundle: Bundle) -> float:
    """Return when a bundle was trained, Unix time [s]; 0 if that cannot be read."""
    try:
        return datetime.fromisoformat(bundle.manifest.created).timestamp()
    except ValueError:
        return 0.0
