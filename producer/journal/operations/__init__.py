"""What operators ask of the journal, and change in it."""
