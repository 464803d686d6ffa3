"""`cards migrate`: its group, and what its commands share."""
