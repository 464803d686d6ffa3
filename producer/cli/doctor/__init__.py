"""`cards doctor`: its checks and their findings."""
