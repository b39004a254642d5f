"""Languages that the table's rules are written in: expressions of words, and one file for each language."""
