"""What Home Assistant needs to find the gateway and its stations: device discovery over MQTT, from one table."""
