"""The benchmark: a load that is lighter than the gateway it measures."""
