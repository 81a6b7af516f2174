"""The ceiling of the library: a paho subscriber at QoS 1 that publishes one fixed QoS 0 message per reading."""

from __future__ import annotations

import sys

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from_topic, to_topic, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
SCORE = b"x" * 300  # as long as a score
client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="bare", protocol=mqtt.MQTTv5)
client.on_connect = lambda c, *_: c.subscribe(from_topic, qos=1)
client.on_subscribe = lambda c, *_: c.publish(to_topic, b"ready")
client.on_message = lambda c, *_: c.publish(to_topic, SCORE)
client.connect("127.0.0.1", port)
client.loop_forever()
