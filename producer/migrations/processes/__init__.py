"""Child processes that plan and run migrations for `web`."""
