"""Payments to and from partner banks: the client of their interface, and the jobs that drive each payment."""
