"""Rules about people: passwords, one-time codes, sealed seeds, delays, and the keys by which they sign."""
