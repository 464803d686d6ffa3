"""How the journal talks to Redis: key names, scripts, calls, connections."""
