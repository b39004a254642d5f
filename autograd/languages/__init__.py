"""Languages in which programs, pages and formulas are written: a new language is one new file beside them."""
