"""ModelGroups: the stations' groups with bundles that were pushed, each bundle opened once."""

from __future__ import annotations

from collections.abc import Iterable

from config.settings.gateway import Gateway
from edge.agent.prepared_model import make_model_group, open_pushed
from edge.agent.station import StationGroup
from edge.agent.stations import Stations
from edge.bundles.bundle import Bundle
from edge.errors import BundleError
from edge.log import Log
from edge.rollout.model_folder import ModelFolder
from edge.rollout.model_index import StationModels, sha256_of


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
        self._log = Log("models")
        self._bundles: dict[str, Bundle] = {}
        self._groups: dict[tuple[int, str], StationGroup] = {}

    def begin(self, name: str, group: StationGroup) -> StationGroup:
        """Return with which bundle a station begins: the one that ran before the start, if it can still be used.

        Parameters
        ----------
        name
            Name of the station.
        group
            The group of its entry, with gateway.yaml's bundle.
        """
        models = self._folder.index.stations.get(name)
        if models is None or models.active is None:
            return group
        if models.configured != group.bundle.id:
            self._log.warning("gateway.yaml has another bundle now, which is the newer decision", station=name)
            self._folder.index.stations[name] = StationModels(issued=models.issued, last=models.last)
            return group
        for each in (models.active, *models.previous):
            try:
                found = self.group(group, sha256_of(each))
            except BundleError as error:
                self._log.error("a bundle that ran before cannot be used", station=name, detail=str(error))
                continue
            models.active = each
            return found
        return group

    def base_of(self, group: StationGroup) -> StationGroup:
        """Return the group of gateway.yaml with the same entry."""
        return next(each for each in self._stations.groups if each.source is group.source)

    def group(self, base: StationGroup, sha256: str | None) -> StationGroup:
        """Return the group of an entry with a bundle; ``None``: gateway.yaml's. It may be called in another thread.

        Raises
        ------
        BundleError
            The bundle must not be used.
        """
        if sha256 is None:
            return base
        key = id(base.source), sha256
        group = self._groups.get(key)
        if group is None:
            bundle = self._bundles.get(sha256)
            if bundle is None:
                bundle = self._bundles[sha256] = open_pushed(self._folder.file(sha256), sha256)
            group = self._groups[key] = make_model_group(self._gateway, base, bundle, self._stations.rate)
            self._stations.pushed = list(self._groups.values())
        return group

    def keep(self, groups: Iterable[StationGroup]) -> None:
        """Forget the groups and bundles that no station uses; the rate is set for the others."""
        used = set(groups)
        self._groups = {key: each for key, each in list(self._groups.items()) if each in used}
        kept = {sha256 for _, sha256 in self._groups}
        self._bundles = {sha256: each for sha256, each in list(self._bundles.items()) if sha256 in kept}
        self._stations.pushed = list(self._groups.values())
