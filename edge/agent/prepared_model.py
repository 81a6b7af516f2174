"""PreparedModel: a bundle that was verified for a station, with the station's state as that bundle sees it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from config.settings.gateway import Gateway
from edge.agent.rebuilding import rebuild
from edge.agent.station import LiveStation, StationGroup
from edge.agent.station_groups import make_scorer
from edge.bundles.archive import read_bundle
from edge.bundles.bundle import Bundle
from edge.errors import BundleError
from edge.journal.transaction import ClockRow, ReadingRow
from edge.log import Log
from edge.models.runtime import release_memory
from edge.readings.reading import Reading
from edge.scoring.state import StationState
from edge.scoring.units_guard import GUARDED, UnitsGuard
from edge.synthesis.sampler import Sampler

_REMEMBERED = 3 * GUARDED  # readings from which a doubt about units is found again


def open_pushed(path: Path, sha256: str) -> Bundle:
    """Open a bundle that was pushed, and run its golden rows.

    Parameters
    ----------
    path
        Where it lies.
    sha256
        SHA-256 of its bytes.

    Raises
    ------
    BundleError
        It is not what was pushed, or must not be used.
    """
    data = read_bundle(path)
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        path.unlink(missing_ok=True)  # or it would count as received when it is pushed again
        raise BundleError(f"{path}: got a file with sha256 {found}, expected that of its name; fix: push it again")
    bundle = Bundle.load(data, str(path))
    bundle.verify()
    return bundle


def make_model_group(gateway: Gateway, base: StationGroup, bundle: Bundle, rate: float) -> StationGroup:
    """Make the group of stations that are scored by another bundle than their entry's.

    Parameters
    ----------
    gateway
        Settings.
    base
        The group of their entry.
    bundle
        The bundle.
    rate
        Requested exceedances per 1000 readings.

    Raises
    ------
    BundleError
        The bundle has no scorer without the ``absent`` keys of the entry.
    """
    scorer = make_scorer(gateway, base.entry, bundle, base.gas, rate)
    return StationGroup(base.source, bundle, scorer, Sampler(bundle.generator), base.gas)


@dataclass(eq=False)
class PreparedModel:
    """A group, and the state of one station in it.

    Parameters
    ----------
    group
        With the bundle.
    state
        What the bundle's scorer remembers of the station.
    last
        The last of the readings that the state has seen.
    """

    group: StationGroup
    state: StationState
    last: list[Reading]

    @classmethod
    def from_rows(
        cls, group: StationGroup, rows: Sequence[ReadingRow], clock: ClockRow | None, n: int
    ) -> PreparedModel:
        """Rebuild a station's state from its journalled readings, as after a restart.

        Parameters
        ----------
        group
            With the bundle.
        rows
            The station's readings, the oldest first.
        clock
            Its clock as it was last journalled.
        n
            Its count of readings.
        """
        state = group.scorer.new_state(group.entry.cadence)
        seen = rebuild(state, group.scorer, rows, clock)
        state.n = n
        return cls(group, state, seen[-_REMEMBERED:])

    def catch_up(self, rows: Sequence[ReadingRow], n: int) -> None:
        """Let the state see the readings that have come since, up to the station's number ``n``."""
        since = [row for row in rows if row.n > self.state.n]
        if since:
            self.last = (self.last + rebuild(self.state, self.group.scorer, since))[-_REMEMBERED:]
        self.state.n = n
        self.state.adaptation.request(self.group.scorer.rate)  # another one may have been requested meanwhile

    def take_over(self, station: LiveStation, log: Log) -> None:
        """Let this bundle score a station from its next reading on; a doubt about its units is logged."""
        guard = UnitsGuard(self.group.ranges)
        guard.resume(self.state.n, [each.values for each in self.last])
        self.state.n = station.state.n
        station.group, station.state, station.guard = self.group, self.state, guard
        station.clocked = 0  # its clock is another one now
        station.report_units(log)


@dataclass(frozen=True, eq=False)
class ModelTask:
    """What is done beside the agent's turn: a bundle is opened, verified and compared, and a state is rebuilt.

    Parameters
    ----------
    group
        Returns the group with the bundle, verified and compared.
    rows
        The station's readings.
    clock
        Its clock.
    n
        Its count.
    """

    group: Callable[[], StationGroup]
    rows: Sequence[ReadingRow]
    clock: ClockRow | None
    n: int

    def __call__(self) -> PreparedModel:
        """Prepare the bundle (BundleError if it must not be used)."""
        try:
            return PreparedModel.from_rows(self.group(), self.rows, self.clock, self.n)
        finally:
            release_memory()
