"""The current situation, commands and customers: for the API and the pages."""
