"""How a study of losses is shown, and how it becomes files."""
