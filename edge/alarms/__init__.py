"""Exceedances become alarms that open, go on, close, and are talked about."""
