-- Resumes a lane, and makes its held customers due. Answers whether the lane was paused. ARGV: lane
local was_paused = redis.call('HDEL', KEY_PAUSED, ARGV[1])
local held = redis.call('ZRANGE', KEY_PAUSED_CUSTOMERS .. ARGV[1], 0, -1)
for _, user in ipairs(held) do redis.call('ZADD', KEY_DUE, int(now_ms()), user) end
redis.call('DEL', KEY_PAUSED_CUSTOMERS .. ARGV[1])
return was_paused
