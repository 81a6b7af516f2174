"""Turns exceedances into alarms that open, close, are shelved and are acknowledged."""
