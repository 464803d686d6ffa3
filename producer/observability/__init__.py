"""Log formats and tracing that every process shares."""
