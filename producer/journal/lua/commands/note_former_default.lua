-- Records the customer's default before a command changes it, provided that the lease is held.
-- ARGV: user, id, fence, '=' and the default, or '?' where the default is unknown
local lease = redis.call('HMGET', KEY_CUSTOMER .. ARGV[1], 'fence', 'open')
if lease[1] ~= ARGV[3] or lease[2] ~= ARGV[2] then return 0 end
redis.call('HSET', KEY_COMMAND .. ARGV[2], 'before', ARGV[4])
return 1
