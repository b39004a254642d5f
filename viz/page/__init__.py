"""Pages that compute in a browser: `steps` and `live` make them, and the folder `script` holds its JavaScript."""
