"""What losses say about two folders: values, pulls, ranks, answers to errors."""
