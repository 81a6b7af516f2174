"""Labels alarms that have closed."""

from __future__ import annotations

from msgspec.structs import replace

from edge.alarms.alarm_label import AlarmLabel
from edge.alarms.event import Label
from edge.clock import Clock, rfc3339
from edge.errors import JournalError, RequestError
from edge.journal.committer import Committer


class ClosedAlarmLabels:
    """Adds labels to alarms that have closed, as long as the journal contains them.

    Parameters
    ----------
    committer
        Reads the journal, and commits the labels.
    clock
        Dates the labels.
    """

    def __init__(self, committer: Committer, clock: Clock) -> None:
        self._committer = committer
        self._clock = clock

    def label(self, alarm_id: str, label: Label | None, comment: str | None) -> AlarmLabel | None:
        """Label an alarm.

        Parameters
        ----------
        alarm_id
            Id of an alarm that has closed.
        label
            What it was; ``None`` keeps the earlier label.
        comment
            The person's words; ``None`` keeps the earlier comment.

        Returns
        -------
        AlarmLabel or None
            The alarm with its label; ``None`` if the journal does not contain it.

        Raises
        ------
        RequestError
            There is neither a label nor a comment, or the journal cannot be read.
        """
        # A label of this very turn is not in the journal yet.
        pending = [each for each in self._committer.transaction.labels if each.alarm_id == alarm_id]
        try:
            known = pending[-1] if pending else self._committer.journal.closed_alarm(alarm_id)
        except JournalError as error:
            raise RequestError(str(error)) from error
        if known is None:
            return None
        if label is None and comment is None:
            raise RequestError(
                f'id: "{alarm_id}" has closed; expected a label or a comment, which it can still be given'
            )
        labelled = replace(
            known,
            ts=rfc3339(self._clock.now()),
            label=label or known.label,
            comment=known.comment if comment is None else comment,
        )
        self._committer.transaction.labels.append(labelled)
        return labelled
