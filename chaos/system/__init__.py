"""The system under test, and what is done to it."""
