"""A threshold of one kind that follows its station, so that the rate of exceedances stays the requested one."""

from __future__ import annotations

import msgspec

from edge.scoring.pace import NORMAL_AFTER, Pace

_BENT = 1 / 2.5**2  # per square decade, see `moved`
_CREDIT = 2.0  # steps that may be taken back after an alarm, at most
_OPENING = 0.5  # exceedances that an alarm costs beside its own, so that .1 % buys fewer false alarms
_BACK_OVER = 60  # readings over which they are taken back
_IMPOSSIBLE = 1e6  # decades or exceedances


class Standing(msgspec.Struct, array_like=True, gc=False):
    """An alarm that stands, as its threshold sees it.

    Parameters
    ----------
    opened_at
        Least of the thresholds of the readings that opened it: it judges whether the alarm is over.
    debt
        The debt before them.
    readings
        Readings since.
    taught
        Those of them that the threshold has learnt from.
    clearing
        The latest of them, in a row, that clear it.
    reached
        Bits of the last readings, the latest lowest: whether they reached what judges.
    """

    opened_at: float
    debt: float
    readings: int = 0
    taught: int = 0
    clearing: int = 0
    reached: int = 0

    @property
    def is_normal(self) -> bool:
        """Whether it has stood for so long that it is taken as normal."""
        return self.taught >= NORMAL_AFTER

    def observe(self, pace: Pace, score: float, threshold: float, *, exceeds: bool, teaches: bool) -> None:
        """Let a reading bear on the alarm."""
        self.readings += 1
        self.taught += teaches
        judge = min(threshold, self.opened_at)
        clears = not exceeds and score < clearing_threshold(judge, pace.rule.deadband)
        self.clearing = self.clearing + 1 if clears else 0
        self.reached = (self.reached << 1 | (exceeds or score >= judge)) & pace.clearing

    def has_faded(self, pace: Pace) -> bool:
        """Return whether few of the last readings reach the threshold that judges: at most three in ten.

        Scores just below a threshold that follows are common, so that ten in a row below the deadband may never come.
        """
        enough = self.readings >= max(pace.rule.hold, pace.clearing.bit_length())
        return enough and 10 * self.reached.bit_count() <= 3 * pace.clearing.bit_length()

    def is_over(self, pace: Pace) -> bool:
        """Return whether it is over by the rule."""
        rule = pace.rule
        cleared = self.readings >= rule.hold and self.clearing >= rule.clear_after
        return cleared or self.is_normal or self.has_faded(pace)


class Return(msgspec.Struct, array_like=True, gc=False):
    """The way back of a threshold after an alarm.

    Parameters
    ----------
    goal
        Debt at which it ends.
    step
        By how much the debt falls with a reading.
    """

    goal: float
    step: float


class Following(msgspec.Struct, array_like=True):
    """A threshold [-log10 p] that rises with every exceedance and falls a little with every reading.

    With a the requested rate, the debt d is the number of exceedances less that of the requested ones, ``d += exceeded
    - a``, and the threshold is ``-log10 a + q`` with ``q = moved(s d)``, where s is the step. So, whatever the scores
    are, the exceedances of T readings are at most a T plus 2 plus the range of d. This is quantile tracking (Gibbs
    and Candes, Adaptive conformal inference under distribution shift, 2021; Angelopoulos, Candes and Tibshirani,
    Conformal PID control, 2023) in decades, without a floor. Three things are ours: a reading is learnt n - 1 readings
    late, or as soon as an alarm opens, so that m of n can open one before the threshold has risen; while an alarm
    stands, the threshold that opened it judges whether it is over; and after it the threshold takes back what the alarm
    taught it, for at most two steps at once and out of a twentieth of the budget. It keeps its promise for a useless
    score as well, and is no measure of quality.

    Parameters
    ----------
    debt
        Exceedances beyond the requested ones, d.
    used
        How far the threshold had moved when it was last applied [decades].
    credit
        Steps that may be taken back.
    waiting
        Bits of the readings that are still to be learnt, the latest lowest: whether they exceeded.
    recent
        Bits of the last n readings, the latest lowest.
    applied
        Thresholds of the last readings, from the oldest exceedance among ``recent`` on; ``None``: there is none.
    standing
        The alarm that stands.
    way
        The way back after one.
    """

    debt: float = 0.0
    used: float = 0.0
    credit: float = _CREDIT
    waiting: int = 0
    recent: int = 0
    applied: list[float] | None = None
    standing: Standing | None = None
    way: Return | None = None

    @classmethod
    def from_shift(cls, pace: Pace, shift: float) -> Following:
        """Begin with a threshold that has moved by so many decades."""
        steps = shift
        for _ in range(20):  # Newton's method, for the inverse of `moved`
            steps -= (moved(steps) - shift) / (1.0 if steps <= 0 else 1.0 + 3 * steps * steps * _BENT)
        return cls(debt=steps / pace.step, used=shift)

    @property
    def is_sound(self) -> bool:
        """Whether what was read from a journal is possible."""
        standing, way = self.standing, self.way
        numbers = [self.debt, self.used, self.credit, *(self.applied or ())]
        numbers += [] if standing is None else [standing.opened_at, standing.debt]
        numbers += [] if way is None else [way.goal, way.step]
        return all(abs(number) < _IMPOSSIBLE for number in numbers) and min(self.waiting, self.recent) >= 0

    def shift(self, pace: Pace) -> float:
        """Return how far the threshold has moved [decades]."""
        return moved(self.debt * pace.step)

    def decide(self, pace: Pace, score: float, *, broken: bool = False, teaches: bool = True) -> bool:
        """Return whether a reading exceeds, and learn from it.

        Parameters
        ----------
        pace
            The requested rate and the alarm rule.
        score
            Its score, -log10 p.
        broken
            Whether it broke a rule: then it exceeds, and teaches nothing.
        teaches
            Whether the threshold may learn from it.
        """
        steps = self.debt * pace.step
        self.used = used = steps if steps <= 0 else moved(steps)
        threshold = pace.base + used
        exceeds = broken or score >= threshold
        if not (exceeds or self.recent or self.waiting) and self.standing is None and self.way is None:
            # Nearly always: the threshold falls a little, as in `_learn`.
            if teaches:
                debt = self.debt - pace.rate
                if self.credit < _CREDIT:
                    self.credit += pace.refill
                    debt += pace.refill
                self.debt = debt if debt > pace.least else pace.least
            return False
        teaches = teaches and not broken
        if exceeds or self.recent:
            self._note(pace, threshold, exceeds=exceeds)
        if self.standing is not None:
            self.standing.observe(pace, score, threshold, exceeds=exceeds, teaches=teaches)
        if teaches:
            self._learn(pace, exceeds=exceeds)
        return exceeds

    def settle(self, pace: Pace, stands: bool | None) -> None:  # three states
        """Take over whether an alarm stands after the latest reading; ``None``: it opens and closes by the rule.

        An alarm that is no longer to be judged by its readings (a latched one that is over) does not stand.
        """
        standing = self.standing
        if standing is None:
            if stands or (stands is None and self.recent & 1 and self.recent.bit_count() >= pace.rule.m):
                self._open(pace)
        elif standing.is_over(pace) if stands is None else not stands:
            self._close(standing)

    def _note(self, pace: Pace, threshold: float, *, exceeds: bool) -> None:
        """Note a reading for the alarm that may open."""
        self.recent = (self.recent << 1 | exceeds) & pace.recent
        if not self.recent or self.standing is not None:
            self.applied = None
        elif self.applied is None:
            self.applied = [threshold]
        else:
            self.applied.append(threshold)
            del self.applied[: -pace.rule.n]

    def _learn(self, pace: Pace, *, exceeds: bool) -> None:
        if self.way is not None:
            self._go_back(self.way, exceeds=exceeds)
        debt = self.debt - pace.rate
        if self.credit < _CREDIT:
            self.credit += pace.refill  # what may be taken back is saved from the budget
            debt += pace.refill
        if exceeds or self.waiting:
            waiting = self.waiting << 1 | exceeds
            learnt = waiting if self.standing is not None else waiting >> pace.delay
            debt += learnt.bit_count()
            self.waiting = 0 if self.standing is not None else waiting & pace.waiting
        self.debt = debt if pace.least < debt < pace.most else pace.least if debt < 0 else pace.most

    def _go_back(self, way: Return, *, exceeds: bool) -> None:
        """Fall by a step towards where the alarm had opened; the next exceedance ends that."""
        if exceeds:
            self.credit = min(_CREDIT, self.credit + max(0.0, self.debt - way.goal))
            self.way = None
        elif self.debt > way.goal:
            self.debt -= way.step
        else:
            self.way = None

    def _open(self, pace: Pace) -> None:
        least = min(self.applied) if self.applied else pace.base + self.used
        price = _OPENING if self.waiting else 0.0
        self.standing = Standing(opened_at=least, debt=self.debt + price)
        self.debt = min(pace.most, self.debt + price + self.waiting.bit_count())
        self.waiting, self.applied, self.way = 0, None, None

    def _close(self, standing: Standing) -> None:
        self.standing, self.recent, self.applied = None, 0, None
        back = 0.0 if standing.is_normal else min(self.debt - standing.debt, self.credit)
        if back > 0:
            self.credit -= back
            self.way = Return(goal=self.debt - back, step=back / _BACK_OVER)


def moved(steps: float) -> float:
    """Return how far a threshold moves [decades] by steps of so many decades.

    Upwards it is bent, ``x (1 + (x / 2.5)^2)``: the twelve decades that a score has are reached with less than four
    decades of steps, because in a season or a place that nobody has seen every further exceedance is one too many.

    Examples
    --------
    >>> moved(-1.0), moved(1.0), moved(2.5)
    (-1.0, 1.16, 5.0)
    """
    return steps if steps <= 0 else steps * (1.0 + steps * steps * _BENT)


def clearing_threshold(threshold: float, deadband: float) -> float:
    """Return the score below which a reading clears an alarm with a threshold and a deadband."""
    least = threshold - deadband
    # No score would ever lie below a deadband as wide as the threshold.
    return least if least > 0 else threshold / 2
