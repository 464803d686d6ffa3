-- Takes callbacks that are due, each for as long as a lease: then it is due again, for anybody.
-- ARGV: how many at most, lease (ms)
local now, found = now_ms(), {}
for _, one in ipairs(redis.call('ZRANGEBYSCORE', KEY_CALLBACKS, '-inf', int(now), 'LIMIT', 0, tonumber(ARGV[1]))) do
  local id = string.match(one, '^%d+ (.+)$')
  local url = id and redis.pcall('GET', KEY_CALLBACK .. id)
  if type(url) == 'string' then
    redis.call('ZADD', KEY_CALLBACKS, int(now + tonumber(ARGV[2])), one)
    found[#found + 1] = {one, url}
  else
    redis.call('ZREM', KEY_CALLBACKS, one)
  end
end
return {int(now), found}
