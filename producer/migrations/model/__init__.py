"""The values that every part of a migration works on."""
