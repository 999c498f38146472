"""What a model is scored on: one file a kind of task."""
