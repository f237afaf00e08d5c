"""Completion: what is offered while a cell is written. Start with `complete`."""
