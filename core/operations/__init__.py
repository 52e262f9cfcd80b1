"""The kinds of operation: one file per family, each with bodies, entries, checks and effects."""
