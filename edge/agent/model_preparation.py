"""ModelPreparation: has bundles verified, and stations' states rebuilt for them, beside the agent's turns."""

from __future__ import annotations

from functools import partial

from edge.agent.model_groups import ModelGroups
from edge.agent.prepared_model import ModelTask, PreparedModel
from edge.agent.station import LiveStation
from edge.agent.station_journal import COPY_EVERY
from edge.agent.stations import Stations
from edge.errors import BundleError
from edge.journal.journal import Journal
from edge.journal.transaction import ReadingRow, Transaction
from edge.rollout.admission import check_successor
from edge.rollout.worker import Worker


class ModelPreparation:
    """Prepares one bundle at a time: each takes memory, and all stations may wait after a restart.

    Parameters
    ----------
    stations
        All stations.
    journal
        Has their readings.
    groups
        Opens bundles.
    worker
        Does what takes long.
    """

    def __init__(self, stations: Stations, journal: Journal, groups: ModelGroups, worker: Worker) -> None:
        self._stations = stations
        self._journal = journal
        self._groups = groups
        self._worker = worker
        self._current: tuple[str, str | None] | None = None  # name of the station, SHA-256 of the bundle

    @property
    def busy(self) -> bool:
        """Whether something is done that a turn should look at soon."""
        return self._worker.busy

    def __contains__(self, station: object) -> bool:
        return self._current is not None and self._current[0] == station

    def start(
        self, station: LiveStation, sha256: str | None, transaction: Transaction, *, new: bool, force: bool = False
    ) -> None:
        """Have a bundle prepared, unless something else is at work, also what nobody waits for any more.

        Parameters
        ----------
        station
            The station.
        sha256
            SHA-256 of its file; ``None``: gateway.yaml's bundle.
        transaction
            Its readings that are not committed yet.
        new
            Whether the bundle has to be compared with the running one; one that has run before has been.
        force
            Whether it may be older, or of a station of another name.

        Raises
        ------
        JournalError
            The station's readings cannot be read.
        """
        if self.busy:
            return
        base, check = self._groups.base_of(station.group), None
        if new:
            check = partial(check_successor, running=station.group.bundle, force=force)
        task = ModelTask(
            lambda: self._groups.make(base, sha256, check),
            self._rows(station, transaction),
            self._journal.clock(station.id),
            station.state.n,
        )
        self._current = station.name, sha256
        self._worker.start(station.name, task)

    def prepare_now(self, station: LiveStation, sha256: str | None, transaction: Transaction) -> PreparedModel:
        """Prepare a bundle that has run before, at once; raises BundleError or JournalError."""
        rows = self._rows(station, transaction)
        group = self._groups.use(self._groups.base_of(station.group), sha256)
        n = rows[-1].n if rows else station.state.n
        return PreparedModel.from_rows(group, rows, self._journal.clock(station.id), n)

    def take(self) -> list[tuple[LiveStation, PreparedModel | str]]:
        """Return the stations whose bundle is prepared, or why it must not be used."""
        found: list[tuple[LiveStation, PreparedModel | str]] = []
        for name, result in self._worker.take():
            current, self._current = self._current, None
            if current is None or name not in self._stations:
                continue  # nobody waits for it any more
            if isinstance(result, PreparedModel):
                result.group = self._groups.enlist(result.group, current[1])
                found.append((self._stations[name], result))
            else:
                reason = str(result) if isinstance(result, BundleError) else f"internal error: {result!r}"
                found.append((self._stations[name], reason))
        return found

    def catch_up(self, prepared: PreparedModel, station: LiveStation, transaction: Transaction) -> None:
        """Let a prepared state see the readings that have come since; raises JournalError."""
        n = prepared.state.n
        prepared.catch_up(self._rows(station, transaction, station.state.n - n), station.state.n)

    def drop(self, station: LiveStation) -> None:
        """Drop what is prepared for a station."""
        if station.name in self:
            self._current = None

    def close(self) -> None:
        """End what is done in the background."""
        self._worker.close()

    def _rows(self, station: LiveStation, transaction: Transaction, count: int | None = None) -> list[ReadingRow]:
        """Return a station's last readings, those that are not committed yet included; raises JournalError."""
        if count is None:
            size = station.group.bundle.station.size
            count = COPY_EVERY + self._journal.readings_kept(len(self._stations), size)
        rows = self._journal.readings(station.id, count) if count else []
        return [*rows, *(row for row in transaction.readings if row.station == station.id)]
