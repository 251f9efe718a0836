"""From a configuration to a finished directory; who writes a figure never opens it."""
