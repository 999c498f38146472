"""A static table taught by a corpus, and the account of what the gain is worth."""
