"""Keys of a request's ASGI scope that middleware and routes pass values by."""

TASK = "cards.task_id"
"""A route leaves the id of its command here, for the request's log line."""
HEAD = "cards.head"
"""Set for a HEAD request, which is otherwise handled as GET."""
