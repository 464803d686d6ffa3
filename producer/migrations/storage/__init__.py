"""Where a migration keeps files on this machine."""
