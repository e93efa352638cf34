"""The pages about appointments."""
