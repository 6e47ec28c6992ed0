"""Where facts stay: SQLite in WAL mode."""
