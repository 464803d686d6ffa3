-- Claims due callbacks for the time of a lease; after that they are due again for every worker.
-- ARGV: how many at most, lease (ms)
local now, found = now_ms(), {}
for _, member in ipairs(redis.call('ZRANGEBYSCORE', KEY_CALLBACKS, '-inf', int(now), 'LIMIT', 0, tonumber(ARGV[1]))) do
  local id = string.match(member, '^%d+ (.+)$')
  local url = id and redis.pcall('GET', KEY_CALLBACK .. id)
  if type(url) == 'string' then
    redis.call('ZADD', KEY_CALLBACKS, int(now + tonumber(ARGV[2])), member)
    found[#found + 1] = {member, url}
  else
    redis.call('ZREM', KEY_CALLBACKS, member)
  end
end
return {int(now), found}
