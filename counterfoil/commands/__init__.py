"""The commands, a file for each family; each has `add_to(app)`."""
