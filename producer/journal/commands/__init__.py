"""Commands in the journal: accepted, read, and reported at their end."""
