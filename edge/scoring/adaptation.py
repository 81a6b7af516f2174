"""Thresholds of one station, which follow it so that its rate of exceedances stays the requested one."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping

import msgspec

from config.settings.alarms import AlarmRule
from edge.scoring.following import Following
from edge.scoring.pace import HIGHEST, Pace, pace_of

Shifts = tuple[float | None, float | None, float | None]
"""How far the thresholds of methane, consistency and reconstruction have moved [decades]; ``None``: it is fixed."""

_DEFAULT = AlarmRule()


class Adaptation:
    """The thresholds of one station, one per kind; see :class:`edge.scoring.following.Following` for the rule.

    Parameters
    ----------
    rate
        Requested share of readings that exceed, in (0, 1].
    adapt
        ``False``: thresholds are fixed.
    rules
        Kind -> when its alarm opens and closes; the default rule for those without an entry.
    fixed
        Kinds whose threshold is fixed all the same: nothing could teach them.
    source
        What measures the scores, such as a bundle's id: scores of another one mean something else.

    Attributes
    ----------
    learnt
        Kind -> its threshold; kinds without an entry are at the requested rate.
    """

    __slots__ = ("_fixed", "_paces", "_requested", "_rules", "_source", "learnt")

    def __init__(
        self,
        rate: float,
        *,
        adapt: bool = True,
        rules: Mapping[str, AlarmRule] | None = None,
        fixed: Collection[str] = (),
        source: str = "",
    ) -> None:
        self._source = source
        self._rules = {} if rules is None else rules
        self._fixed: Collection[str] | None = fixed if adapt else None
        self.request(rate)

    def request(self, rate: float) -> None:
        """Request another rate; what was learnt for the previous one is forgotten."""
        self._requested = rate
        self._paces: dict[str, Pace] = {}
        self.learnt: dict[str, Following] = {}

    def follows(self, kind: str) -> bool:
        """Return whether the threshold of a kind follows the station."""
        return self._fixed is not None and kind not in self._fixed

    def decide(
        self, kind: str, score: float, *, broken: bool = False, teaches: bool = True, counts: bool = True
    ) -> bool:
        """Return whether a reading exceeds, and learn from it; call :meth:`settle` before the next.

        Parameters
        ----------
        kind
            Kind of the score.
        score
            The score, -log10 p.
        broken
            Whether the reading broke a rule: then it exceeds, and teaches nothing.
        teaches
            Whether the threshold may learn from it.
        counts
            ``False`` for a reading beside the order: it changes nothing.
        """
        if not counts:
            return broken or self.exceeds(kind, score)
        one = self.learnt.get(kind)
        if one is None:
            if not self.follows(kind):
                return broken or score >= self._pace(kind).base
            one = self.learnt[kind] = Following()
        pace = self._paces.get(kind)
        return one.decide(self._pace(kind) if pace is None else pace, score, broken=broken, teaches=teaches)

    def exceeds(self, kind: str, score: float) -> bool:
        """Return whether a score (-log10 p) exceeds, without learning from it."""
        one = self.learnt.get(kind)
        if one is not None:
            one.used = one.shift(self._pace(kind))
        return score >= self.threshold(kind)

    def settle(self, stands: Collection[str] | None = None) -> None:
        """Take over what the latest reading has made of the alarms.

        Parameters
        ----------
        stands
            Kinds whose alarm stands and is not over; ``None``: they open and close by the rules themselves.
        """
        for kind, one in self.learnt.items():
            if one.recent or one.standing is not None or stands:
                one.settle(self._paces.get(kind) or self._pace(kind), None if stands is None else kind in stands)

    @property
    def stands(self) -> bool:
        """Whether an alarm stands that a threshold knows of."""
        for one in self.learnt.values():  # noqa: SIM110  # a generator would cost as much as a decision
            if one.standing is not None:
                return True
        return False

    def ended(self) -> dict[str, bool]:
        """Return the kinds whose alarm a gateway should close; and whether because it is taken as normal.

        It otherwise has faded: see :meth:`edge.scoring.following.Standing.has_faded`.
        """
        standing = {kind: one.standing for kind, one in self.learnt.items() if one.standing is not None}
        return {
            kind: each.is_normal
            for kind, each in standing.items()
            if each.is_normal or each.has_faded(self._pace(kind))
        }

    def threshold(self, kind: str) -> float:
        """Return the least score that exceeds: the one last applied, or before any decision the present one."""
        return self._pace(kind).base + self.shift(kind)

    def judge(self, kind: str) -> float:
        """Return the threshold by which an alarm closes: that of its opening, if the present one has risen."""
        threshold, one = self.threshold(kind), self.learnt.get(kind)
        if one is None or one.standing is None or one.standing.opened_at > threshold:
            return threshold
        return one.standing.opened_at

    def shift(self, kind: str) -> float:
        """Return how far the threshold of a kind has moved [decades]: the one last applied."""
        one = self.learnt.get(kind)
        return 0.0 if one is None else one.used

    def rates(self) -> dict[str, float]:
        """Return the kinds that have learnt, and the largest p-value that exceeds now."""
        return {kind: 10 ** -(self._pace(kind).base + one.shift(self._pace(kind))) for kind, one in self.learnt.items()}

    def shifts(self) -> Shifts:
        """Return how far the thresholds of :data:`Shifts` have moved."""
        fixed, learnt = self._fixed, self.learnt
        if fixed is None:
            return (None, None, None)
        methane, consistency = learnt.get("methane"), learnt.get("consistency")
        reconstruction = learnt.get("reconstruction")
        return (
            (None if fixed else 0.0) if methane is None else methane.used,
            0.0 if consistency is None else consistency.used,
            0.0 if reconstruction is None else reconstruction.used,
        )

    def snapshot(self) -> bytes:
        """Encode what was learnt, for :meth:`restore` after a restart."""
        learnt = (_VERSION, self._requested, self.learnt, self._source)
        try:
            return _ENCODER.encode(learnt)
        except OverflowError:  # bits of more readings than a number of MessagePack has, by a rule that looks at many
            return msgspec.json.encode(learnt)

    def restore(self, snapshot: bytes) -> None:
        """Resume what was learnt, unless another rate had been requested or something else had measured the scores.

        Version 0.2 learnt a rate, not a threshold; it is converted, but for that of the onset, which real plumes had
        taught.

        Raises
        ------
        ValueError
            The bytes are no :meth:`snapshot`.
        """
        learnt: dict[str, Following]
        try:
            decoder = _JSON_DECODER if snapshot.startswith(b"[") else _DECODER
            _, requested, learnt, source = decoder.decode(snapshot)
        except msgspec.ValidationError:
            requested, rates, _ = _OLD_DECODER.decode(snapshot)
            source = self._source  # it was not recorded
            learnt = {
                kind: Following.from_shift(self._pace(kind), _shift(rate, requested))
                for kind, rate in rates.items()
                if kind != _ONSET
            }
        if not all(one.is_sound for one in learnt.values()):
            raise ValueError("thresholds: got a number that is not finite, or impossible")
        if (requested, source) == (self._requested, self._source):
            self.learnt = {kind: one for kind, one in learnt.items() if self.follows(kind)}

    def _pace(self, kind: str) -> Pace:
        pace = self._paces.get(kind)
        if pace is None:
            highest = _ONSET_HIGHEST if kind == _ONSET else HIGHEST
            pace = self._paces[kind] = pace_of(self._requested, self._rules.get(kind, _DEFAULT), highest)
        return pace


def _shift(rate: float, requested: float) -> float:
    """Return by how much a learnt rate has moved a threshold [decades]; nan for no rate."""
    return math.log10(requested / rate) if rate > 0 and requested > 0 else math.nan


_VERSION = 2
_ONSET = "methane"
_ONSET_HIGHEST = 1.0  # [decades] of steps: when the analyser fails, a plume has to be within reach
_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(tuple[int, float, dict[str, Following], str])
_JSON_DECODER = msgspec.json.Decoder(tuple[int, float, dict[str, Following], str])
_OLD_DECODER = msgspec.msgpack.Decoder(tuple[float, dict[str, float], dict[str, int]])
