"""The day, the drawer and the vault: opening, counting and closing, each with its figures before and after."""
