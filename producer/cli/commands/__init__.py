"""The commands of `cards`, each in the module of its name."""
