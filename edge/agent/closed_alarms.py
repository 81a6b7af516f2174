"""Labelling: what people say of an alarm that is over already."""

from __future__ import annotations

from msgspec.structs import replace

from edge.alarms.alarm_label import AlarmLabel
from edge.alarms.event import Label
from edge.clock import Clock, rfc3339
from edge.errors import JournalError, RequestError
from edge.journal.committer import Committer


class ClosedAlarmLabels:
    """Adds labels to alarms that have closed, as the journal remembers them.

    Parameters
    ----------
    keeper
        Has the journal, and keeps what is said with the batch.
    clock
        Dates it.
    """

    def __init__(self, keeper: Committer, clock: Clock) -> None:
        self._keeper = keeper
        self._clock = clock

    def label(self, alarm_id: str, label: Label | None, comment: str | None) -> AlarmLabel | None:
        """Note what an alarm was.

        Parameters
        ----------
        alarm_id
            Of an alarm that has closed.
        label, comment
            What it was, and the person's words; ``None``: as said before.

        Returns
        -------
        Labelled or None
            What is known of it now; ``None`` when no such alarm is remembered.

        Raises
        ------
        RequestError
            There is nothing to note, or the journal cannot be read.
        """
        # What was said in this very turn is not in the journal yet.
        pending = [each for each in self._keeper.batch.labels if each.alarm_id == alarm_id]
        try:
            known = pending[-1] if pending else self._keeper.journal.labelled(alarm_id)
        except JournalError as error:
            raise RequestError(str(error)) from error
        if known is None:
            return None
        if label is None and comment is None:
            raise RequestError(
                f'id: "{alarm_id}" has closed; expected a label or a comment, which it can still be given'
            )
        said = replace(
            known,
            ts=rfc3339(self._clock.now()),
            label=label or known.label,
            comment=known.comment if comment is None else comment,
        )
        self._keeper.batch.labels.append(said)
        return said
