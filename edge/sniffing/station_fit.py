"""Fits what came to the columns of a station that is known already."""

from __future__ import annotations

from difflib import SequenceMatcher

from config.settings.station import Feature, Station
from edge.readings.decoding.unit_table import find_unit
from edge.sniffing.column_guess import ColumnGuess
from edge.sniffing.columns import Columns, LeftOut
from edge.sniffing.quantities import find_quantity, name_tokens

_NEAR = 0.85  # likeness of two names from which on they are taken for the same


def fit_columns(columns: Columns, station: Station, *, line: bool = False) -> tuple[Columns, list[str]]:
    """Give each column of a station the address whose numbers are most likely its own.

    Parameters
    ----------
    columns
        What came.
    station
        The columns that are looked for.
    line
        Whether the values have no names: if there are as many as columns, they are in the same order.

    Returns
    -------
    Columns
        The guesses with the station's columns; what fits to none is left out.
    list of str
        Keys of the columns for which nothing came.
    """
    if line and (ordered := _in_order(columns, station)) is not None:
        return ordered, []
    pairs = sorted(
        (
            (_likeness(guess, feature), -i, -j)
            for i, guess in enumerate(columns.guesses)
            for j, feature in enumerate(station.features)
        ),
        reverse=True,
    )
    fitted: dict[int, ColumnGuess] = {}
    used: set[int] = set()
    for likeness, i, j in pairs:
        if likeness >= _NEAR and -i not in used and -j not in fitted:
            used.add(-i)
            fitted[-j] = _fit(columns.guesses[-i], station.features[-j])
    others = [LeftOut(guess.address, "no column") for i, guess in enumerate(columns.guesses) if i not in used]
    absent = [feature.key for j, feature in enumerate(station.features) if j not in fitted]
    guesses = [fitted[j] for j in sorted(fitted)]
    return columns._replace(guesses=guesses, left_out=columns.left_out + others), absent


def _in_order(columns: Columns, station: Station) -> Columns | None:
    """Take values without names for the station's columns; ``None`` if there is another number of them."""
    addresses = sorted(
        {each.address for each in columns.guesses} | {each.address for each in columns.left_out}, key=int
    )
    if len(addresses) != station.size:
        return None
    places = zip(addresses, station.features, strict=True)
    remark = "by its place in the line"
    guesses = [ColumnGuess(feature, at, None, remark) for at, feature in places]
    return columns._replace(guesses=guesses, left_out=[])


def _likeness(guess: ColumnGuess, feature: Feature) -> float:
    """Say how likely a channel belongs to a column, 0 to 1 (and above for the same key)."""
    if guess.feature.key == feature.key:
        return 2.0
    wanted = find_quantity(name_tokens(feature.key)[:-1] or name_tokens(feature.key))
    got = find_quantity(name_tokens(guess.feature.key)[:-1] or name_tokens(guess.feature.key))
    if wanted is not None or got is not None:
        return 1.5 if wanted is got else 0.0
    one, two = _bare(guess.feature.key), _bare(feature.key)
    if one == two or one == _bare(feature.name):
        return 1.2
    return SequenceMatcher(None, one, two).ratio()


def _fit(guess: ColumnGuess, feature: Feature) -> ColumnGuess:
    """Take over a station's column; the numbers may come in another unit than its own."""
    comes_in, remark = guess.comes_in, guess.remark
    came = guess.feature.unit if comes_in is None else comes_in
    got, wanted = find_unit(came), find_unit(feature.unit)
    if got is not None and wanted is not None and got != wanted and came != "1":
        comes_in = got.name if got.kind == wanted.kind else None
        if comes_in is None:
            remark = f'comes as {got.name}, which is not {feature.unit}; give it under "units" how to convert it'
    else:
        comes_in = None
    return ColumnGuess(feature, guess.address, comes_in, remark, guess.sure)


def _bare(name: str) -> str:
    """Return a name without its unit and its separators."""
    words = name_tokens(name)
    return "".join(words[:-1] if len(words) > 1 else words)
