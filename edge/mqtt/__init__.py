"""The connection to the broker: one thread, one socket, and messages acknowledged only when the caller asks for it."""

from edge.mqtt.late_module import import_late

import_late("urllib.request")  # by which paho would find a proxy; with it come http, email and others, some 3 MiB
