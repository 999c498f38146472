"""What a model is scored on: one file per kind of task."""
