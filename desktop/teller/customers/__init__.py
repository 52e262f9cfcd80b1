"""Customers at the counter: finding, registering and amending them, their file, KYC, accounts and freezes."""
