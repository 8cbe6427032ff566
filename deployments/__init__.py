"""Parameter profiles, the command line, the bootstrap of pools and limits, and the demo's data."""
