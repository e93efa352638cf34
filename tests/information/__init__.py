"""The pages about the site."""
