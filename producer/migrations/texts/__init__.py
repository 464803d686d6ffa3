"""The texts of plans, reports and errors, in Spanish and English."""
