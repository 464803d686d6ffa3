-- How many customers have a command at work.
local now, count = now_ms(), 0
for _, user in ipairs(redis.call('ZRANGEBYSCORE', KEY_WATCH, '(' .. int(now), '+inf')) do
  local lease = redis.pcall('HMGET', KEY_CUSTOMER .. user, 'until', 'holder')
  local holder = not lease.err and lease[2]
  if holder and holder ~= '' and (tonumber(lease[1]) or 0) > now then count = count + 1 end
end
return count
