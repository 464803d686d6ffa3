"""Maps columns to the contract's fields."""
