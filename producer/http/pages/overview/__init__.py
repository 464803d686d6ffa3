"""The pages of the current situation, of a command, and of a customer."""
