-- Renews leases and deferred customers, which have none. A lease of 0 gives the deferred customers back.
-- ARGV: lease (ms), then user, fence pairs; the fence is '' for a deferred customer. Answers 1 for each still held.
local expires = int(now_ms() + tonumber(ARGV[1]))
local held = {}
for i = 2, #ARGV, 2 do
  local lease = redis.pcall('HMGET', KEY_CUSTOMER .. ARGV[i], 'fence', 'holder')
  if ARGV[i + 1] == '' then
    if lease[2] == '' or not lease[2] then redis.call('ZADD', KEY_DUE, 'XX', expires, ARGV[i]) end
    held[#held + 1] = 1
  elseif lease[1] == ARGV[i + 1] and lease[2] ~= '' then
    redis.call('HSET', KEY_CUSTOMER .. ARGV[i], 'until', expires)
    redis.call('ZADD', KEY_DUE, expires, ARGV[i])
    held[#held + 1] = 1
  else
    held[#held + 1] = 0
  end
end
return held
