"""One numbered revision for each subject; `flask db upgrade` applies them. A package, so that the wheel contains it."""
