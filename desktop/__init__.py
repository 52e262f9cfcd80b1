"""The desktop: sign-in, the teller's window, and what they are built from."""
