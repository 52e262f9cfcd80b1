"""What the centre does under its own key: its chains, grants, enrolments and staff."""
