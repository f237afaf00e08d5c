"""What is offered while a cell is written. `complete` is the way in."""
