"""A stand-in for another bank, as a program of its own with its own file: `app.serve(settings)`."""
