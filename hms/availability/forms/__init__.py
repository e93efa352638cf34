"""What doctors and staff fill in about what is offered."""
