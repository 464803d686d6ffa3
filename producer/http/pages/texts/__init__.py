"""The texts of the pages, in Spanish and English."""
