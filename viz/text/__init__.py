"""Tables, paths, formulas and derivations."""
