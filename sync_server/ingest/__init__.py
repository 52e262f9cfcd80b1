"""Taking operations in: verify, settle, write, and pass on by the feeds."""
