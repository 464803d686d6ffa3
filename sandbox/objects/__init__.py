"""The objects of the account, and their JSON."""
