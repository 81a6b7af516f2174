"""What ``davylamp check`` looks at: bundles, paths, the broker with its rules and settings, and the service's view."""
