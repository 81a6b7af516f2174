"""The values that came under one address, over all messages of a group."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from edge.readings.decoding.dialect import parse_number
from edge.readings.decoding.quantity import parse_quantity
from edge.readings.decoding.unit_table import find_unit
from edge.sniffing.fields import Field, document_fields

_LARGEST = 1e30


@dataclass
class Channel:
    """What came under one address.

    Attributes
    ----------
    address, path
        As in :class:`edge.sniffing.fields.Field`.
    unit
        Unit that the messages state; ``None``: none.
    beside
        Whether the unit stands in a member of its own, so that the decoder does not see it.
    values
        The values, in order of arrival.
    numbers
        The numbers among them; nan for words that stand for a missing value.
    """

    address: str
    path: tuple[str, ...]
    unit: str | None = None
    beside: bool = False
    values: list[Any] = field(default_factory=list)
    numbers: list[float] = field(default_factory=list)

    @property
    def finite(self) -> list[float]:
        """The numbers that are there, without those that nothing on Earth can have."""
        return [number for number in self.numbers if abs(number) < _LARGEST]  # nan is not

    @property
    def numeric(self) -> bool:
        """Whether most of the values are numbers, or words for a missing one."""
        return bool(self.finite) and 2 * len(self.numbers) > len(self.values)

    @property
    def constant(self) -> bool:
        """Whether one number came again and again."""
        return len(self.finite) >= 3 and len(set(self.finite)) == 1

    @property
    def counts_up(self) -> bool:
        """Whether it is a counter: whole numbers that grow by the same step."""
        numbers = self.finite
        steps = {after - before for before, after in pairwise(numbers)}
        return len(numbers) >= 4 and len(steps) == 1 and min(steps) > 0 and all(each == int(each) for each in numbers)

    def add(self, found: Field) -> None:
        """Take in a value."""
        self.values.append(found.value)
        if found.unit is not None:
            self.unit = found.unit
            self.beside = not (hasattr(found.value, "unit") or isinstance(found.value, str))
        number = _number(found.value)
        if number is not None:
            self.numbers.append(number)


def channels(documents: Iterable[Any]) -> list[Channel]:
    """Collect the values of documents by address."""
    found: dict[str, Channel] = {}
    for document in documents:
        for each in document_fields(document):
            if each.address not in found:
                found[each.address] = Channel(each.address, each.path)
            found[each.address].add(each)
    return list(found.values())


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    if isinstance(value, str):
        quantity = parse_quantity(value)
        if quantity is not None and find_unit(quantity.unit) is not None:
            return float(quantity)
        return parse_number(value)  # an identifier such as 84fce6 is none
    try:
        number = float(value)
    except OverflowError:
        return None
    return number
