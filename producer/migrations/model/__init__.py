"""Values that every part of a migration works on."""
