"""The demo: a whole bank on one machine, from real parts, with people and customers who are made up."""
