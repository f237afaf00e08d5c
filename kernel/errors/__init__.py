"""What Jupyter is told of a cell that failed. `explain` is the way in."""
