"""What the table's rules write: expressions of words, and one file for each language that says them."""
