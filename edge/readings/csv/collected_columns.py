"""Names the columns of a collected file that are no channels: what the gateway and people said of each reading."""

from __future__ import annotations

VERDICT = "davylamp_verdict"
"""The state of the reading's verdict, e.g. ``ok`` or ``alarm``; empty where it is not known."""

ALARMS = "davylamp_alarms"
"""Ids of the alarms that were open at the reading, joined by ``+``; empty without one."""

LABEL = "davylamp_label"
"""What people said these alarms were, joined by ``+`` where they differ; empty without one."""

COLLECTED = (VERDICT, ALARMS, LABEL)
"""All of them, in the order of the file."""

JOINED = "+"
"""Stands between two ids, and between two labels."""

NOT_BACKGROUND = frozenset({"plume", "fault"})
"""Labels of rows that no fit may see, and that ``evaluate`` tests a run with."""
