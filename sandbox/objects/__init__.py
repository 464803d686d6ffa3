"""The objects of the account, and how they are shown."""
