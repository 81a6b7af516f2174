"""A first script: json, standardise, torch, publish, one reading at a time; the library acknowledges."""

from __future__ import annotations

import json
import sys

import numpy as np
import paho.mqtt.client as mqtt
import torch
from paho.mqtt.enums import CallbackAPIVersion

from config.settings.training import Training
from config.templates.templates import METHANE
from config.yaml.load import load_station
from edge.simulation.simulator import simulate_chamber
from trainer.networks.autoencoder import TabularAE

from_topic, to_topic, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
KEYS = load_station(METHANE).keys
SETTINGS = Training.quick(model="ae")
torch.set_num_threads(1)
rows = simulate_chamber(3000, seed=1)
mean, std = rows.mean(axis=0), rows.std(axis=0)
network = TabularAE(len(KEYS), SETTINGS.hidden, SETTINGS.latent)
network.eval()


@torch.inference_mode()
def on_message(client: mqtt.Client, data: object, message: mqtt.MQTTMessage) -> None:
    """Score one reading."""
    reading = json.loads(message.payload)
    scaled = (np.array([[reading[key] for key in KEYS]]) - mean) / std
    row = torch.from_numpy(scaled.astype(np.float32))
    error = torch.square(row - network.reconstruct(row)).mean().item()
    client.publish(to_topic, json.dumps({"seq": reading["seq"], "error": error, "anomaly": error > 1.0}))


client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="naive", protocol=mqtt.MQTTv5)
client.on_connect = lambda c, *_: c.subscribe(from_topic, qos=1)
client.on_subscribe = lambda c, *_: c.publish(to_topic, b"ready")
client.on_message = on_message
client.connect("127.0.0.1", port)
client.loop_forever()
