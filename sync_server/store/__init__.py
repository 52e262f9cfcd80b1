"""The centre's home of the books: PostgreSQL."""
