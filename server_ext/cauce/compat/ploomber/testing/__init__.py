"""Questions about what a task has made, for its hooks."""
