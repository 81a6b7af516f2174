"""ModelService: everything about bundles that come while the agent runs, as the agent needs it."""

from __future__ import annotations

from config.settings.beside_journal import beside_journal
from config.settings.gateway import Gateway
from edge.agent.announcer import Announcer
from edge.agent.model_desk import ModelDesk
from edge.agent.rollouts import Rollouts
from edge.agent.station import LiveStation
from edge.agent.stations import Stations
from edge.clock import Clock
from edge.journal.committer import Committer
from edge.journal.transaction import Transaction
from edge.rollout.model_folder import ModelFolder
from edge.rollout.worker import Worker, WorkerThread

FOLDER = "models"
"""Name of the folder with the bundles, beside the journal."""


class ModelService:
    """Receives bundles, tries them, lets them run and go back, and publishes all that.

    Parameters
    ----------
    gateway
        Settings.
    stations
        All stations.
    committer
        Has the journal, and the transaction of the turn.
    announcer
        Publishes which bundle scores a station, and which waits.
    clock
        Dates what happens.
    worker
        Does what takes long; ``None``: a thread.

    Attributes
    ----------
    verbs : mapping
        Verb of a request -> the type of its body, and what answers it.
    rescue
        See :meth:`edge.agent.rollouts.Rollouts.rescue`.
    shift_clock
        See :meth:`edge.agent.rollouts.Rollouts.shift_clock`.
    """

    def __init__(
        self,
        gateway: Gateway,
        stations: Stations,
        committer: Committer,
        announcer: Announcer,
        *,
        clock: Clock,
        worker: Worker | None = None,
    ) -> None:
        self._committer = committer
        self._announcer = announcer
        self._rollouts = Rollouts(
            gateway,
            stations,
            committer.journal,
            ModelFolder(beside_journal(committer.journal.file, FOLDER)),
            self._announce,
            worker=worker or WorkerThread(),
            clock=clock,
        )
        desk = ModelDesk(gateway, stations, self._rollouts, clock)
        self.verbs, self.rescue, self.shift_clock = desk.verbs, self._rollouts.rescue, self._rollouts.shift_clock
        announcer.model_message = desk.message

    @property
    def busy(self) -> bool:
        """Whether something is done in the background that a turn should look at soon."""
        return self._rollouts.busy

    def turn(self, transaction: Transaction) -> list[LiveStation]:
        """Go on with what waits, unless the journal has failed; returns the stations that have another bundle now."""
        return [] if self._committer.fault is not None else self._rollouts.turn(transaction)

    def close(self) -> None:
        """End what is done in the background."""
        self._rollouts.close()

    def _announce(self, station: LiveStation) -> None:
        self._announcer.announce_models(self._committer.transaction, station)
