"""Keys of the ASGI scope by which middleware and routes exchange values."""

TASK = "cards.task_id"
"""Set by a route: its command's id, for the request's log line."""
HEAD = "cards.head"
"""Set for a HEAD request, which is handled as GET."""
