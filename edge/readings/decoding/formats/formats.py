"""Makes the format that an entry of gateway.yaml declares."""

from __future__ import annotations

from collections.abc import Sequence

from config.errors import ConfigError
from config.settings.gateway import Format
from edge.readings.decoding.formats.auto import AutoFormat
from edge.readings.decoding.formats.csv import CsvFormat, csv_fault
from edge.readings.decoding.formats.format import PayloadFormat
from edge.readings.decoding.formats.influx import InfluxFormat
from edge.readings.decoding.formats.json import JsonFormat
from edge.readings.decoding.formats.number import NumberFormat
from edge.readings.decoding.formats.senml import SenmlFormat


def make_format(name: Format, columns: Sequence[str] = (), *, whole: bool = False) -> PayloadFormat:
    """Make a format by its name.

    Parameters
    ----------
    name
        As in gateway.yaml.
    columns
        Names of the values of a line.
    whole
        Whether an array is one document.

    Raises
    ------
    ConfigError
        The columns lack where they are needed, or are wrong.
    """
    if (fault := csv_fault(columns)) is not None:
        raise ConfigError([f"columns: {fault}"])
    if name == "csv":
        if not columns:
            raise ConfigError(["columns: missing, expected the name of each value, e.g. [ts, ch4_ppb, temperature_c]"])
        return CsvFormat(columns)
    if name == "json":
        return JsonFormat(columns, whole=whole)
    if name == "senml":
        return SenmlFormat()
    if name == "influx":
        return InfluxFormat()
    if name == "number":
        return NumberFormat()
    return AutoFormat(columns, whole=whole)
