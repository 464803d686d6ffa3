"""`make up`: its plan, supervisor and console."""
