"""Failed commands over HTTP: listed, and taken up again by a filter."""
