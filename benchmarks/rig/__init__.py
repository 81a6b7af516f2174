"""What chaos and the agent's benchmarks are built from: a broker, the agent's process, stations, and a witness."""
