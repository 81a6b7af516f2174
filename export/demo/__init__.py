"""The whole loop in two minutes: train, export, run the agent, inject a leak and a fault, sample synthetic rows."""
