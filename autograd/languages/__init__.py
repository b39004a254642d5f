"""One file a language: a table from words to forms."""
