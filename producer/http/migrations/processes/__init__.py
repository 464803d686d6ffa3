"""The child processes that plan, drive and report migrations."""
