"""ModelGroups: the stations' groups with bundles that were pushed, each bundle opened once."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from config.settings.gateway import Gateway
from edge.agent.prepared_model import make_model_group, open_pushed
from edge.agent.station import StationGroup
from edge.agent.station_groups import make_scorer
from edge.agent.stations import Stations
from edge.bundles.bundle import Bundle
from edge.rollout.model_folder import ModelFolder


class ModelGroups:
    """Makes groups, and remembers them as long as they are used.

    Parameters
    ----------
    gateway
        Settings.
    stations
        The stations; groups in use are listed there.
    folder
        Where the bundles lie.
    """

    def __init__(self, gateway: Gateway, stations: Stations, folder: ModelFolder) -> None:
        self._gateway = gateway
        self._stations = stations
        self._folder = folder
        self._groups: dict[tuple[int, str], StationGroup] = {}

    def base_of(self, group: StationGroup) -> StationGroup:
        """Return the group of gateway.yaml with the same entry."""
        return next(each for each in self._stations.groups if each.source is group.source)

    def make(
        self, base: StationGroup, sha256: str | None, check: Callable[[Bundle], None] | None = None
    ) -> StationGroup:
        """Make the group of an entry with a bundle, or find it. It may be called in another thread.

        Whoever uses it has it listed (:meth:`enlist`) in the agent's own thread.

        Parameters
        ----------
        base
            The group of the entry.
        sha256
            SHA-256 of the bundle's file; ``None``: gateway.yaml's, thus ``base``.
        check
            Raises BundleError if the bundle must not be used here, before anything is made of it.

        Raises
        ------
        BundleError
            The bundle must not be used.
        """
        if sha256 is None:
            return base
        listed = dict(self._groups)
        bundle = next((each.bundle for (_, other), each in listed.items() if other == sha256), None)
        bundle = bundle or open_pushed(self._folder.file(sha256), sha256)
        if check is not None:
            check(bundle)
        group = listed.get((id(base.source), sha256))
        return group or make_model_group(self._gateway, base, bundle, self._stations.rate)

    def use(self, base: StationGroup, sha256: str | None) -> StationGroup:
        """Return the group of an entry with a bundle that is used from now on; raises like :meth:`make`."""
        return self.enlist(self.make(base, sha256), sha256)

    def enlist(self, group: StationGroup, sha256: str | None) -> StationGroup:
        """List a group that is used from now on, with the present rate; returns the one that was listed before."""
        if sha256 is None:
            return group
        group = self._groups.setdefault((id(group.source), sha256), group)
        rate = self._stations.rate
        if group.scorer.rate != rate / 1000:  # another one was requested while it was made
            group.scorer = make_scorer(self._gateway, group.entry, group.bundle, group.gas, rate)
        self._stations.pushed = list(self._groups.values())
        return group

    def keep(self, groups: Iterable[StationGroup]) -> None:
        """Forget the groups that no station uses; the rate is set for the others."""
        used = set(groups)
        self._groups = {key: each for key, each in self._groups.items() if each in used}
        self._stations.pushed = list(self._groups.values())
