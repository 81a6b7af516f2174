"""What the broker may be sending again since it was connected."""

from __future__ import annotations

from collections.abc import Callable

_STRANGERS = 16  # messages in a row that did not come before, after which nothing is being sent again
_PARTS = 2  # parts of readings, at the beginning, that may be strangers


class Resending:
    """Follows the messages of one station that come after a connection, until one shows that they are new.

    A broker that was killed has forgotten which messages were acknowledged since it last saved, and sends them all
    again, unmarked and in their order, as soon as it is connected.

    Parameters
    ----------
    find
        Returns whether the journal has a key that is not among the last 2000; ``None`` if it has no others.

    Attributes
    ----------
    over : bool
        Whether what comes is new.
    """

    __slots__ = ("_find", "_parts", "_strangers", "_sure", "over")

    def __init__(self, find: Callable[[int], bool] | None) -> None:
        self.over = False
        self._find = find
        self._strangers = 0
        self._parts = _PARTS
        self._sure = False

    def came_before(self, key: int, *, remembered: bool) -> bool:
        """Return whether a message came before, and note whether more of them may come.

        Parameters
        ----------
        key
            Its key.
        remembered
            Whether that is among the last 2000.
        """
        if remembered or (self._find is not None and self._find(key)):
            self._strangers = 0
            return True
        self._strangers += 1
        self.over = self._strangers >= _STRANGERS
        return False

    def is_anonymous_copy(self, key: int, *, remembered: bool, new_text: bool, dup: bool) -> bool:
        """Return whether a message without time and counter came before.

        A broker that was killed counts packets on from where it had saved, so that a message keeps its identifier. A
        stuck sensor's messages may have it by chance, but not in a row of which one differs from the message before it.

        Parameters
        ----------
        key
            Its key, made with the identifier of its packet.
        remembered
            Whether that is among the last 2000.
        new_text
            Whether its bytes differ from those of the message before it.
        dup
            Whether the broker marks it as sent again.
        """
        if remembered or (self._find is not None and self._find(key)):
            self._sure = self._sure or new_text
            self._strangers = 0
            return self._sure or dup
        self._strangers += 1
        self.over = new_text or self._strangers >= _STRANGERS
        return self._sure and not self.over  # equal to the one before, and then it may have been taken for its double

    def is_part_again(self, key: int, *, remembered: bool) -> bool:
        """Return whether a part of a reading came before.

        What is sent again comes without a gap, apart from parts that no reading was made of. Where others have come,
        parts of a stuck sensor that only have the packet identifier of an older one are new.

        Parameters
        ----------
        key
            Its key, made with its topic and the identifier of its packet.
        remembered
            Whether that is among the last 2000.
        """
        if not self._parts:
            return False
        if remembered or (self._find is not None and self._find(key)):
            self._parts = min(self._parts + 1, _STRANGERS)
            return True
        self._parts -= 1
        return False
