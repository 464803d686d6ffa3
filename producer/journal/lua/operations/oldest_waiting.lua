-- How long (ms) the oldest command of a queue has waited to be received; 0 if none waits.
-- ARGV: queue
local first = redis.call('ZRANGE', KEY_QUEUED .. ARGV[1], 0, 0)[1]
local accepted = first and redis.call('HGET', KEY_COMMAND .. first, 'accepted')
if not accepted then return 0 end
return math.max(0, now_ms() - tonumber(accepted))
