"""What a person or a script reads: tables, JSON, snippets, progress."""
