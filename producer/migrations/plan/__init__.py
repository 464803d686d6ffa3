"""Plans a migration before anything is sent."""
