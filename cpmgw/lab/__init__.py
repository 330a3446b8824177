"""The peers of a gateway without a network: an SM-SC with handsets and a CPM side."""
