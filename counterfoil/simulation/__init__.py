"""The simulator: the real core, sync loop and centre over a simulated network, clock and disk, from one seed."""
