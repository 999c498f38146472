"""Published numbers: read, compared with ours, explained, and written in the field's formats."""
