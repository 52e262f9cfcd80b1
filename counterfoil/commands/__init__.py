"""One module for each command of `counterfoil`."""
