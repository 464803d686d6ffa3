"""Parts of a request: body, headers, and what they must not hold."""
