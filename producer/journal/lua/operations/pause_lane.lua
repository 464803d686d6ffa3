-- Pauses a lane: no command of it is started any more. Answers time and reason of the pause, which may be an
-- earlier one. ARGV: lane, reason
redis.call('HSETNX', KEY_PAUSED, ARGV[1], int(now_ms()) .. ' ' .. ARGV[2])
return redis.call('HGET', KEY_PAUSED, ARGV[1])
