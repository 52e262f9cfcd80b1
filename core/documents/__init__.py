"""Paper: the account statement and the counter's receipt, from plain values to the same PDF bytes each time."""
