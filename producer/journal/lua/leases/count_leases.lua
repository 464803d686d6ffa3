-- How many customers have a command at work.
return count_running(now_ms(), -1)
