"""What Jupyter is told about a cell that failed. Start with `explain`."""
