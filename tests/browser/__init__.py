"""The portal in a real browser: both journeys, every page, every state."""
