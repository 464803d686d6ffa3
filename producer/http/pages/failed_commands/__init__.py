"""The pages of failed commands."""
