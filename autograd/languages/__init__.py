"""Languages in which programs, pages and formulas are written: a file for each, and what they share."""
