"""The pages about what is offered."""
