"""What single values and column names say by themselves."""
