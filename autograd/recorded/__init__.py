"""A graph recorded on one example, written as code and run on rows of data."""
