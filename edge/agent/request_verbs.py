"""The verbs of requests: what each asks for, how it is answered, and examples of it; without any library."""

from __future__ import annotations

from typing import NamedTuple


class RequestVerb(NamedTuple):
    """A verb below ``request/``.

    Parameters
    ----------
    sentence
        What it asks for.
    answer
        What its answer contains.
    examples
        Command lines that send it; a test runs every one of them.
    """

    sentence: str
    answer: str
    examples: tuple[str, ...]


REQUEST_VERBS = {
    "synthesize": RequestVerb(
        "Asks for synthetic rows.",
        "Synthetic rows, in parts, or a refusal.",
        (
            "davylamp request synthesize n=100 seed=7 format=csv",
            "davylamp request synthesize n=10 from.regime=plume",
            "davylamp request synthesize n=10 from.range.ch4_ppb='[2500, 4000]'",
            "davylamp request synthesize n=10 from.around=recent from.last=20",
        ),
    ),
    "alarm/acknowledge": RequestVerb(
        "Acknowledges and labels an alarm.",
        "What happened to the alarm, or a refusal.",
        ("davylamp request alarm/acknowledge station=st-1 kind=methane label=plume comment='valve 3'",),
    ),
    "alarm/shelve": RequestVerb(
        "Shelves a kind of alarm for some minutes.",
        "What is shelved now, or a refusal.",
        (
            "davylamp request alarm/shelve station=st-1 kind=methane minutes=30 comment='calibration gas'",
            "davylamp request alarm/shelve station=st-1 kind=methane minutes=0",
        ),
    ),
    "rate/set": RequestVerb(
        "Sets the requested rate of exceedances.",
        "The rate from now on, or a refusal.",
        (
            "davylamp request rate/set exceedances_per_1000=5",
            "davylamp request rate/set exceedances_per_1000=null",
        ),
    ),
    "info": RequestVerb(
        "Asks for what info contains.",
        "The content of info, or a refusal.",
        ("davylamp request info",),
    ),
    "schema": RequestVerb(
        "Asks for the JSON Schema of a message, or which there are.",
        "A JSON Schema, or a refusal.",
        (
            "davylamp request schema",
            "davylamp request schema name=request/rate/set",
            "davylamp request schema name=reading station=st-1",
        ),
    ),
    "collect/stations": RequestVerb(
        "Asks what the archive has of each station.",
        "What there is, in parts, or a refusal.",
        ("davylamp request collect/stations",),
    ),
    "collect/block": RequestVerb(
        "Asks for a station's next block of archived readings, or a piece of it.",
        "The block, or a piece of it, or a refusal.",
        ("davylamp request collect/block station=st-1",),
    ),
    "collect/columns": RequestVerb(
        "Asks what the columns of an archived block are.",
        "A station file as JSON, or a piece of it, or a refusal.",
        ("davylamp request collect/columns station=st-1",),
    ),
    "collect/alarms": RequestVerb(
        "Asks for a station's archived alarms.",
        "Alarms with their peaks and labels, or a refusal.",
        ("davylamp request collect/alarms station=st-1",),
    ),
    "discovery/publish": RequestVerb(
        "Announces the gateway and its stations to Home Assistant.",
        "The topics that are published, or a refusal.",
        ("davylamp request discovery/publish",),
    ),
    "discovery/clear": RequestVerb(
        "Removes the gateway and its stations from Home Assistant.",
        "The topics that are cleared, or a refusal.",
        ("davylamp request discovery/clear",),
    ),
    "model/offer": RequestVerb(
        "Offers a bundle for a station; davylamp push sends it.",
        "How much of the file has come, or a refusal.",
        (),
    ),
    "model/chunk": RequestVerb(
        "Brings a part of a bundle that was offered; davylamp push sends it.",
        "How much of the file has come, or a refusal.",
        (),
    ),
    "model/status": RequestVerb(
        "Asks which bundle scores a station, and which waits.",
        "The content of the station's model topic, or a refusal.",
        ("davylamp request model/status station=st-1",),
    ),
    "model/activate": RequestVerb(
        "Activates the bundle that waits in shadow, without waiting any longer.",
        "The content of the station's model topic, or a refusal.",
        ("davylamp request model/activate station=st-1",),
    ),
    "model/rollback": RequestVerb(
        "Drops the bundle that waits; without one, goes back to the bundle before.",
        "The content of the station's model topic, or a refusal.",
        ("davylamp request model/rollback station=st-1",),
    ),
}
"""Name -> what it is. The agent, the command line, the schemas and the documents have the verbs from here."""
