"""The pages of what happens now, of a command, and of a customer."""
