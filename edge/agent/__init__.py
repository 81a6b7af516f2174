"""The agent: readings in, verdicts and alarms out, requests answered, on one thread."""
