"""Who may send which request, from where, and how often."""
