"""Pictures of every widget state and of the window, with sample data, in all themes: for looking at and the README."""
