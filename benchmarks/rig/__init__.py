"""Parts of the chaos and agent benchmarks: a broker, the agent's process, stations, and a witness."""
