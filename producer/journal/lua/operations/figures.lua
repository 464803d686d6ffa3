-- All figures for monitoring, of one moment. A key of the wrong type counts as empty.
-- ARGV: how long ago a worker may have been seen (ms), then queues
local now = now_ms()
-- A bound, since monitoring calls this every second, and in an outage all customers may wait for a retry.
local MAX_CUSTOMERS = 2000
local function read(...)
  local found = redis.pcall(...)
  if type(found) == 'table' and found.err then return {} end
  return found
end
local function number(...)
  local found = redis.pcall(...)
  return type(found) == 'number' and found or 0
end

local messages, not_received, oldest = {}, {}, {}
for i = 2, #ARGV do
  messages[#messages + 1] = number('LLEN', KEY_QUEUE .. ARGV[i])
  not_received[#not_received + 1] = number('ZCARD', KEY_QUEUED .. ARGV[i])
  local first = read('ZRANGE', KEY_QUEUED .. ARGV[i], 0, 0)[1]
  local accepted = first and tonumber(tostring(redis.pcall('HGET', KEY_COMMAND .. first, 'accepted')))
  oldest[#oldest + 1] = accepted and int(math.max(0, now - accepted)) or ''
end

-- Open commands that were attempted: how many, since when, and how many are uncertain.
local retried = read('ZRANGE', KEY_RETRIED, 0, 999, 'WITHSCORES')
local unknown = 0
for i = 1, #retried, 2 do
  if redis.pcall('HGET', KEY_COMMAND .. retried[i], 'state') == 'unknown' then unknown = unknown + 1 end
end

return {
  int(now), read('HGETALL', KEY_COUNTS), messages, not_received, oldest, number('ZCARD', KEY_FAILED),
  {number('ZCARD', KEY_RETRIED), unknown, retried[2] and int(now - tonumber(retried[2])) or ''},
  count_running(now, MAX_CUSTOMERS), #read('ZRANGEBYSCORE', KEY_WORKERS, int(now - tonumber(ARGV[1])), '+inf'),
  read('HGETALL', KEY_PAUSED), read('HGETALL', KEY_STOP),
}
