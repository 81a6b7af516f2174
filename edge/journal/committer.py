"""Keeper: what must be in the journal before anything is published or acknowledged."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from edge.clock import Clock
from edge.errors import JournalError
from edge.journal.journal import Journal
from edge.journal.transaction import Transaction
from edge.log import ONCE_A_MINUTE, Log

_FIRST, _LONGEST = 0.1, 5.0  # [s] between two tries, twice as long each time
_TIDY = 1.0  # [s] that a deletion waits for a batch to go with
_ONCE_IN = 60.0  # [s] one journal is set aside: whatever damages them would fill the disk


class Committer:
    """Collects what changes in one turn, commits it, and holds it where that fails.

    Parameters
    ----------
    journal
        Where to.
    memory
        Everything that a fresh journal has to know, as batches: a damaged one is set aside.
    clock
        Paces the tries.

    Attributes
    ----------
    batch
        What changed since the last commit.
    fault
        Why it cannot be committed: ``full``, ``locked``, ``corrupt`` or ``io``; ``None`` while all is well.
    """

    def __init__(self, journal: Journal, memory: Callable[[], Iterable[Transaction]], clock: Clock) -> None:
        self.batch = Transaction()
        self.fault: str | None = None
        self.journal = journal
        self._memory = memory
        self._clock = clock
        self._log = Log("journal", clock)
        self._delay = 0.0
        self._next_try = self._next_tidy = clock.monotonic()
        self._replaced = -_ONCE_IN

    @property
    def wait(self) -> float | None:
        """Seconds until the next try; ``None`` while nothing is held."""
        return None if self.fault is None else max(0.0, self._next_try - self._clock.monotonic())

    def keep(self) -> bool:
        """Commit what changed; tells whether all that was taken in may be published and acknowledged."""
        now = self._clock.monotonic()
        if self.fault is None:
            if not self.batch.urgent and (now < self._next_tidy or not self.batch.untidy):
                return True
        elif now < self._next_try:
            return False
        try:
            self._commit()
        except JournalError as error:
            self.hold(error)
            return False
        if self.fault is not None:
            self._log.warning("journal works again", after=self.fault)
            self.fault, self._delay = None, 0.0
        self.batch = Transaction()
        self._next_tidy = now + _TIDY
        return True

    def hold(self, error: JournalError) -> None:
        """Note that the journal does not work, and when it is tried again."""
        self._delay = min(max(_FIRST, 2 * self._delay), _LONGEST)
        self._next_try = self._clock.monotonic() + self._delay
        if error.kind != self.fault:
            self._log.error(f"journal {error.kind}: readings wait", detail=str(error))
        else:
            self._log.error(f"journal still {error.kind}: readings wait", every=ONCE_A_MINUTE, detail=str(error))
        self.fault = error.kind

    def finish(self) -> None:
        """Commit what is left and close the journal."""
        if not self.batch.empty:
            try:
                self.journal.commit(self.batch)
            except JournalError as error:
                self._log.error("the last batch was not kept, and not acknowledged", detail=str(error))
        self.journal.close()

    def _commit(self) -> None:
        if self.fault != "corrupt":
            try:
                self.journal.commit(self.batch)
            except JournalError as error:
                if error.kind != "corrupt":
                    raise
                self._log.error("journal damaged", detail=str(error))
            else:
                return
        now = self._clock.monotonic()
        if now < self._replaced + _ONCE_IN:
            raise JournalError(
                "corrupt", "damaged again within a minute of having been begun; fix: look after its disk"
            )
        self._replaced = now
        self.journal.replace()
        for batch in self._memory():
            self.journal.commit(batch)
        self.journal.commit(self.batch)
