"""Finds rows that are there twice: overlapping exports, doubled lines, a file under two names."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.arrays import Indices, Mask
from edge.readings.csv.table import CsvTable

Hashes = NDArray[np.uint64]

_FINE, _SHORT, _LONG = 3, 8, 64
"""Rows in a row that are no chance when they come again: in a station with a column of many values, of other rows that
are rare, and of any rows."""
_MANY = 0.2  # distinct values of a column as a share of its rows, from which equal rows are no chance
_AT_ONCE = 10_000  # windows compared at a time: bounds the memory
_LEAST_DISTINCT = 16  # rows among _LONG: a station that is stuck repeats itself
_DOUBLED = 3  # a longer run of equal rows is a station that is stuck
_COARSE = 0.05  # share of the stamps that several different rows have, from which a stamp names no row
_SELDOM = 0.01  # share of the steps in which the liveliest column repeats itself, beyond which equal rows are chance


@dataclass(frozen=True)
class RepeatedRows:
    """Which rows of files were there before.

    Parameters
    ----------
    first
        Per file [N]: the row that it repeats, counted over all files; its own number if it is new.
    starts
        Number of the first row of each file.
    """

    first: tuple[Indices, ...]
    starts: tuple[int, ...]

    def new(self, file: int) -> Mask:
        """Return which rows [N] of a file are there for the first time."""
        found: Mask = self.first[file] == self.starts[file] + np.arange(len(self.first[file]))
        return found

    def breaks(self, file: int) -> tuple[int, ...]:
        """Return the new rows of a file, counted over them, that do not follow on from the new row before."""
        new = self.new(file)
        rows = np.flatnonzero(new)
        if len(rows) == len(new):
            return ()
        # The row before stands for the row that it repeats: after A A the next row follows on from the first A.
        before = self.first[file][rows[1:] - 1] if len(rows) else rows
        return tuple((np.flatnonzero(before != self.starts[file] + rows[:-1]) + 1).tolist())

    def continues(self, file: int) -> bool:
        """Whether a file's first new row follows the last new row of the files before, which it repeats."""
        rows = np.flatnonzero(self.new(file))
        if not len(rows) or not rows[0]:
            return False
        for other in range(file - 1, -1, -1):
            before = np.flatnonzero(self.new(other))
            if len(before):
                return bool(self.first[file][rows[0] - 1] == self.starts[other] + before[-1])
        return False

    def order(self) -> tuple[int, ...]:
        """Return the files in an order in which one that begins within another comes behind it.

        Files that overlap no other keep their place, and those that overlap stand at the place of their first one.
        """
        files = range(len(self.first))
        begins = [0] * len(files)  # on an axis that each group of files has of its own
        groups = list(files)
        for file in files:
            rows = np.flatnonzero(~self.new(file))
            others = np.searchsorted(self.starts, self.first[file][rows], side="right")
            for row in rows[np.unique(others, return_index=True)[1]].tolist():
                other, place = self.place(int(self.first[file][row]))
                if groups[other] == groups[file] or min(row, place) > _SHORT:
                    continue  # where exports overlap, one of them begins; elsewhere, rows are equal by chance
                shift, group = begins[other] + place - row - begins[file], groups[file]
                for each in files:
                    if groups[each] == group:
                        begins[each] += shift
                        groups[each] = groups[other]
        stands = {group: groups.index(group) for group in groups}
        return tuple(sorted(files, key=lambda file: (stands[groups[file]], begins[file], file)))

    def place(self, number: int) -> tuple[int, int]:
        """Return the file and the row within it of a row counted over all files."""
        file = int(np.searchsorted(self.starts, number, side="right")) - 1
        return file, number - self.starts[file]


def find_repeated_rows(tables: Sequence[CsvTable]) -> RepeatedRows:
    """Find the rows that are there twice, within a file and between files.

    With times, a row is there twice if time and values are the same. Without, equal rows may be chance, or a station
    that is stuck. Then a sequence has to come again: eight rows that are found hardly anywhere else, 64 rows of any
    kind, or the end of a file at the beginning of another; or each line has to come twice or three times at once, in a
    station of which a column nearly always moves.
    """
    starts = np.cumsum([0, *(len(table.values) for table in tables)])
    hashes = np.concatenate([_hashes(table) for table in tables])
    spans = list(itertools.pairwise(starts))
    files = np.repeat(np.arange(len(tables)), np.diff(starts))
    first = np.arange(len(hashes))
    if all(table.time is not None for table in tables) and not _coarse(tables, hashes):
        _, index, inverse = np.unique(hashes, return_index=True, return_inverse=True)
        first = index[inverse]
    else:
        parts = zip(tables, spans, strict=True)
        doubled = np.concatenate([_doubled(table, hashes[a:b]) for table, (a, b) in parts])
        same = (hashes[1:] == hashes[:-1]) & (files[1:] == files[:-1])
        heads = np.flatnonzero(np.concatenate([[True], ~same]))  # the first row of each run of equal ones
        run = np.cumsum(np.concatenate([[True], ~same])) - 1
        again = _sequences(hashes[heads], files[heads], len(tables), _FINE if _fine(tables, hashes) else _SHORT)
        first = np.where(doubled, heads[run], first)
        known = again[run]
        # A run that comes again stands for the rows of its first appearance, one by one.
        offset = np.arange(len(first)) - heads[run]
        lengths = np.diff(np.append(heads, len(first)))
        target = heads[known] + np.minimum(offset, lengths[known] - 1)
        first = np.where(known != run, target, first)
        first = first[first]  # the row that a repeated one repeats may be doubled itself
    return RepeatedRows(tuple(first[a:b] for a, b in spans), tuple(starts[:-1].tolist()))


def _hashes(table: CsvTable) -> Hashes:
    """Return a number [N] for the content of each row: its time, if the files have one, and its values."""
    columns = [*table.values.T] if table.time is None else [table.time, *table.values.T]
    result = np.zeros(len(table.values), dtype=np.uint64)
    for column in columns:
        plain = np.where(np.isnan(column), np.nan, column + 0.0)  # one nan, one zero
        result = _mixed(result ^ _mixed(plain.view(np.uint64)))
    return result


def _mixed(numbers: Hashes) -> Hashes:
    """Spread every bit over all of them (splitmix64)."""
    mixed = numbers + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    result: Hashes = mixed ^ (mixed >> np.uint64(31))
    return result


def _coarse(tables: Sequence[CsvTable], hashes: Hashes) -> bool:
    """Whether the stamps are so coarse that several different rows share one, as at ten readings a second."""
    time = np.concatenate([table.time for table in tables if table.time is not None])
    _, unique = np.unique(hashes, return_index=True)
    _, counts = np.unique(time[unique], return_counts=True)
    return bool(np.mean(counts > 1) > _COARSE)


def _doubled(table: CsvTable, hashes: Hashes) -> Mask:
    """Return which rows [N] repeat the row before as a doubled line does."""
    same = np.concatenate([[False], hashes[1:] == hashes[:-1]])
    if not same.any() or table.time is not None:
        return np.zeros(len(hashes), dtype=bool)
    moves = table.values[1:][~same[1:]] != table.values[:-1][~same[1:]]
    if not len(moves) or (1 - moves.mean(axis=0)).min() > _SELDOM:
        return np.zeros(len(hashes), dtype=bool)
    heads = np.flatnonzero(~same)
    lengths = np.diff(np.append(heads, len(hashes)))
    return same & np.repeat(lengths <= _DOUBLED, lengths)


def _sequences(hashes: Hashes, files: Indices, count: int, short: int) -> Indices:
    """Return for every row [N] the row that it repeats as part of a sequence; its own number if it is new."""
    own = np.arange(len(hashes))
    first = own.copy()
    _, numbers, occurs = np.unique(hashes, return_inverse=True, return_counts=True)
    rare = occurs[numbers] <= max(2, count)
    for length in (short, _LONG):
        windows = len(hashes) - length + 1
        if windows < 2:
            continue
        fits = files[:windows] == files[length - 1 :]
        if length == short:
            fits &= np.convolve(rare, np.ones(length), "valid") > length - 0.5
        source = _windows_again(hashes, length, fits)
        if length == _LONG:
            new = np.convolve(first == own, np.ones(length), "valid") > 0.5  # the others have nothing to add
            source = np.where(new, source, own[:windows])
            again = np.flatnonzero(source < own[:windows])
            few = again[~_varied(numbers, again, length)]
            source[few] = few
        # A row is covered by the last window that begins at it or before it.
        begins = np.concatenate([np.where(source < own[:windows], own[:windows], -1), np.full(length - 1, -1)])
        last = np.maximum.accumulate(begins)
        covered = (last >= 0) & (own - last < length) & (first == own)
        first[covered] = (own - last + source[np.minimum(last, windows - 1)])[covered]
    _seams(hashes, files, rare, first, short)
    _extend(hashes, files, first)
    while not np.array_equal(first, first[first]):
        first = first[first]
    return first


def _extend(hashes: Hashes, files: Indices, first: Indices) -> None:
    """Let every sequence that comes again go on in both directions as far as its rows are the same."""
    for step in (1, -1):
        rows = np.flatnonzero(first != np.arange(len(first)))
        while len(rows):
            source, following = first[rows] + step, rows + step
            inside = (source >= 0) & (following >= 0) & (following < len(first)) & (source < following)
            rows, source, following = rows[inside], source[inside], following[inside]
            same = (hashes[source] == hashes[following]) & (first[following] == following)
            same &= (files[following] == files[rows]) & (files[source] == files[first[rows]])
            first[following[same]] = source[same]
            rows = following[same]


def _varied(numbers: Indices, begins: Indices, length: int) -> Mask:
    """Return which windows hold enough different rows, given a number for the content of each row."""
    found = np.zeros(len(begins), dtype=bool)
    for part in range(0, len(begins), _AT_ONCE):
        chosen = begins[part : part + _AT_ONCE]
        windows = np.sort(numbers[chosen[:, None] + np.arange(length)], axis=1)
        found[part : part + _AT_ONCE] = (np.diff(windows, axis=1) != 0).sum(axis=1) + 1 >= _LEAST_DISTINCT
    return found


def _windows_again(hashes: Hashes, length: int, fits: Mask) -> Indices:
    """Return where each window was first [W], if it comes again without touching that; otherwise its own place."""
    rolled = np.zeros(len(fits), dtype=np.uint64)
    for i in range(length):
        rolled = _mixed(rolled ^ hashes[i : i + len(fits)])
    places = np.flatnonzero(fits)
    source = np.arange(len(fits))
    if len(places):
        _, index, inverse = np.unique(rolled[places], return_index=True, return_inverse=True)
        earlier = places[index[inverse]]
        source[places] = np.where(places - earlier >= length, earlier, places)
    return source


def _fine(tables: Sequence[CsvTable], hashes: Hashes) -> bool:
    """Whether a column has so many values that two equal rows are one."""
    values = np.concatenate([table.values for table in tables])
    rows = max(len(np.unique(hashes)), len(values) / max(1, len(tables)))
    return max(len(np.unique(column)) for column in values.T) > _MANY * rows


def _seams(hashes: Hashes, files: Indices, rare: Mask, first: Indices, short: int) -> None:
    """Find short overlaps: the rare rows, or the different ones, with which one file ends and another begins."""
    edges = [0, *(np.flatnonzero(np.diff(files)) + 1).tolist(), len(hashes)]
    spans = list(itertools.pairwise(edges))
    for a, b in spans:
        for c, d in spans:
            if a == c:
                continue
            most = min(_LONG, b - a, d - c)
            for length in (most - np.flatnonzero(hashes[b - most : b] == hashes[c])).tolist():
                head, tail = np.arange(c, c + length), np.arange(b - length, b)
                if length < short // 2 or (hashes[head] != hashes[tail]).any():
                    continue
                if (length < short and rare[head].all()) or len(np.unique(hashes[head])) >= _SHORT:
                    later, earlier = (head, tail) if c > a else (tail, head)
                    if (first[later] == later).all():
                        first[later] = first[earlier]
                    break
