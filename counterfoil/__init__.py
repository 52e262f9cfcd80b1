"""The shell around the bank: the command line, the demo, and the PostgreSQL that needs no installation."""
