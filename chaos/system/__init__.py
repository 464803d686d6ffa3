"""The system under test, and the acts against it."""
