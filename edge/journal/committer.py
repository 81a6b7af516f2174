"""Commits what changed in a turn, before anything of it is published or acknowledged."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from edge.backoff import Backoff
from edge.clock import Clock
from edge.errors import JournalError
from edge.journal.journal import Journal
from edge.journal.transaction import Transaction
from edge.log import ONCE_A_MINUTE, Log

_FIRST_RETRY, _LONGEST_RETRY = 0.1, 5.0  # [s] between two tries
_TIDY = 1.0  # [s] that a deletion waits for other changes to be committed with
_REPLACE_EVERY = 60.0  # [s] between two replacements: whatever damages journals would fill the disk


class Committer:
    """Collects the changes of a turn and commits them; keeps them, and tries again, where that fails.

    Parameters
    ----------
    journal
        Where they are committed.
    snapshot
        Returns transactions with everything that a fresh journal has to contain; called when a damaged one is replaced.
    clock
        Paces the tries.

    Attributes
    ----------
    transaction
        What changed since the last commit.
    fault
        Why it cannot be committed: ``full``, ``locked``, ``corrupt`` or ``io``; ``None`` while all is well.
    """

    def __init__(self, journal: Journal, snapshot: Callable[[], Iterable[Transaction]], clock: Clock) -> None:
        self.transaction = Transaction()
        self.fault: str | None = None
        self.journal = journal
        self._snapshot = snapshot
        self._clock = clock
        self._log = Log("journal", clock)
        self._backoff = Backoff(_FIRST_RETRY, _LONGEST_RETRY)
        self._next_try = self._next_tidy = clock.monotonic()
        self._replaced = -_REPLACE_EVERY

    @property
    def retry_in(self) -> float | None:
        """Time until the next try [s]; ``None`` while there is no fault."""
        return None if self.fault is None else max(0.0, self._next_try - self._clock.monotonic())

    def commit(self) -> bool:
        """Commit what changed; returns whether everything may now be published and acknowledged."""
        now = self._clock.monotonic()
        if self.fault is None:
            if not self.transaction.urgent and (now < self._next_tidy or not self.transaction.untidy):
                return True
        elif now < self._next_try:
            return False
        try:
            self._commit()
        except JournalError as error:
            self._note(error)
            return False
        if self.fault is not None:
            self._log.warning("journal works again", after=self.fault)
            self.fault = None
            self._backoff.reset()
        self.transaction = Transaction()
        self._next_tidy = now + _TIDY
        return True

    def note_unread(self, error: JournalError) -> None:
        """Note that the journal cannot be read; one that is damaged is replaced by the next commit, at once."""
        before = self.fault
        if before is None:
            self._note(error)
        if error.kind == "corrupt" and before != "corrupt":
            self.fault, self._next_try = "corrupt", self._clock.monotonic()

    def _note(self, error: JournalError) -> None:
        """Note that the journal does not work, and schedule the next try."""
        self._next_try = self._clock.monotonic() + self._backoff.next_delay()
        if error.kind != self.fault:
            self._log.error(f"journal {error.kind}: readings wait", detail=str(error))
        else:
            self._log.error(f"journal still {error.kind}: readings wait", every=ONCE_A_MINUTE, detail=str(error))
        self.fault = error.kind

    def close(self) -> None:
        """Commit what is left, then close the journal."""
        if not self.transaction.empty:
            try:
                self.journal.commit(self.transaction)
            except JournalError as error:
                self._log.error("the last batch was not kept, and not acknowledged", detail=str(error))
        self.journal.close()

    def _commit(self) -> None:
        if self.fault != "corrupt":
            try:
                self.journal.commit(self.transaction)
            except JournalError as error:
                if error.kind != "corrupt":
                    raise
                self._log.error("journal damaged", detail=str(error))
            else:
                return
        now = self._clock.monotonic()
        if now < self._replaced + _REPLACE_EVERY:
            raise JournalError(
                "corrupt", "damaged again within a minute of being replaced; fix: check the disk that it is on"
            )
        self.journal.replace(list(self._snapshot()))
        self._replaced = now
        self.journal.commit(self.transaction)
