"""The bank: rules, ledger, signed operations and the device's own store; it knows no window and no web framework."""
