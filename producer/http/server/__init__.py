"""What uvicorn does for a connection, and the bounds that are added to it."""
