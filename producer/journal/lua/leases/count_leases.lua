-- How many customers have a command running.
return count_running(now_ms(), -1)
