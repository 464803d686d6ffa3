"""The commands of `cards migrate`, each in the module of its name."""
