-- The lane goes on, with the customers that were held. Answers whether it was paused. ARGV: lane
local was = redis.call('HDEL', KEY_PAUSED, ARGV[1])
local held = redis.call('ZRANGE', KEY_PAUSED_CUSTOMERS .. ARGV[1], 0, -1)
for _, user in ipairs(held) do redis.call('ZADD', KEY_DUE, int(now_ms()), user) end
redis.call('DEL', KEY_PAUSED_CUSTOMERS .. ARGV[1])
return was
