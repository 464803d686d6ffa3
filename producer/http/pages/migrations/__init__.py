"""The pages of migrations."""
