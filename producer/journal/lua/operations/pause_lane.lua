-- Nothing of the lane is begun any more. Answers since when, which may be earlier.
-- ARGV: lane, why
redis.call('HSETNX', KEY_PAUSED, ARGV[1], int(now_ms()) .. ' ' .. ARGV[2])
return redis.call('HGET', KEY_PAUSED, ARGV[1])
