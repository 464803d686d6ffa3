"""Explains which card is charged and what a command waits for."""
