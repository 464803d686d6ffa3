"""What single values and column names mean by themselves."""
