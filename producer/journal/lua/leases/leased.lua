-- How many customers have a command at work.
return at_work(now_ms(), -1)
