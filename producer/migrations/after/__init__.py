"""After a migration: verify, undo, forget."""
