-- Renews leases. ARGV: lease (ms), then user, fence pairs. Answers 1 for each still held.
local expires = int(now_ms() + tonumber(ARGV[1]))
local held = {}
for i = 2, #ARGV, 2 do
  local lease = redis.call('HMGET', key_customer(ARGV[i]), 'fence', 'holder')
  if lease[1] == ARGV[i + 1] and lease[2] ~= '' then
    redis.call('HSET', key_customer(ARGV[i]), 'until', expires)
    redis.call('ZADD', KEY_WATCH, expires, ARGV[i])
    held[#held + 1] = 1
  else
    held[#held + 1] = 0
  end
end
return held
