"""Files of migrations on this machine."""
