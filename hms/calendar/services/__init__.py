"""Everything that changes calendar connections, feeds and the mirror. One module a concern."""
