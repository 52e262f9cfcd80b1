"""The first start of a desk: the key is made here, and a person at the bank's office comes to trust it."""
