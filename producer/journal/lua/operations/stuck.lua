-- How long (ms) the oldest command of a lane has waited to be received while no command of the lane was
-- attempted; 0 if claiming is stopped or the lane is paused. ARGV: lane, then its queues
local now = now_ms()
if tonumber(redis.call('HGET', KEY_STOP, 'until') or 0) > 0 then return 0 end
if redis.call('HEXISTS', KEY_PAUSED, ARGV[1]) == 1 then return 0 end
local longest = 0
for i = 2, #ARGV do
  local length = redis.pcall('LLEN', KEY_QUEUE .. ARGV[i])
  local first = redis.call('ZRANGE', KEY_QUEUED .. ARGV[i], 0, 0)[1]
  if first and (type(length) == 'table' or length > 0) then
    local accepted = redis.pcall('HGET', KEY_COMMAND .. first, 'accepted')
    accepted = type(accepted) == 'string' and tonumber(accepted)
    if accepted then longest = math.max(longest, now - accepted) end
  end
end
local attempted = tonumber(redis.call('HGET', KEY_HIGH_WATER, 'try:' .. ARGV[1]) or 0) or 0
return math.min(longest, now - attempted)
