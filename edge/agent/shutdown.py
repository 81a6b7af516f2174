"""Ends an agent: what is left is published and committed, as far as broker and disk take it."""

from __future__ import annotations

from edge.archive.archive import Archive
from edge.delivery.delivery import Delivery
from edge.journal.committer import Committer
from edge.mqtt.link import Link

_LAST_POLLS = 10  # polls of 50 ms without a confirmation after which a stop gives up


def shut_down(link: Link, delivery: Delivery, committer: Committer, archive: Archive) -> None:
    """Deliver what is queued, then close everything.

    Parameters
    ----------
    link
        The connection; it takes no message any more.
    delivery
        What is queued.
    committer
        Commits and closes the journal.
    archive
        Is written and closed last: a card that is slow must not keep the rest waiting.
    """
    unconfirmed, in_vain = delivery.unconfirmed, 0
    while in_vain < _LAST_POLLS:
        delivery.process_receipts(committer.transaction)
        if committer.commit():
            delivery.send()
        else:
            delivery.send_presence()
        before, unconfirmed = unconfirmed, delivery.unconfirmed
        if not unconfirmed or not link.connected:
            break
        in_vain = 0 if unconfirmed < before else in_vain + 1
        link.poll(0.05)
    link.close()
    committer.close()
    archive.close()
