"""Pages that compute in a browser."""
