"""Makes a checkout runnable with the standard library alone: its environment, packages, libraries."""
