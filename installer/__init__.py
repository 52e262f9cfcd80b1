"""How Counterfoil comes onto a machine: the environment of a checkout, and what the sync server ships in."""
