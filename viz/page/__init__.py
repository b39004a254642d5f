"""Pages that compute in a browser: `steps` makes one, and the folder `script` holds its JavaScript."""
