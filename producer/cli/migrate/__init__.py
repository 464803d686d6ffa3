"""`cards migrate`: its commands and what they share."""
