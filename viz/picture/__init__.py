"""Pictures: what is shown, where it stands, and how it is painted."""
