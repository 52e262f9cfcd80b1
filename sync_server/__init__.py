"""The centre: a small HTTP server over PostgreSQL that verifies, books and passes on what branches sign."""
