-- Removes a migration that has ended, or that is paused with nothing sent; its id goes last.
-- Answers '', or the state of a migration that must stay.
-- ARGV: migration, how long its id is remembered as forgotten (ms)
local id = ARGV[1]
local key = KEY_MIGRATION .. id
local state = redis.call('HGET', key, 'state')
if state == 'paused' then
  for _, count in ipairs(redis.call('HMGET', key, 'n1', 'n2', 'n4', 'n5', 'n6', 'n8', 'n9', 'n10')) do
    if tonumber(count or 0) > 0 then return state end
  end
elseif state and state ~= 'finished' and state ~= 'cancelled' then
  return state
end
if state then
  local now = now_ms()
  redis.call('ZADD', KEY_FORGOTTEN, int(now), id)
  redis.call('ZREMRANGEBYSCORE', KEY_FORGOTTEN, '-inf', int(now - ARGV[2]))
end
redis.call('UNLINK', KEY_DETAILS .. id, KEY_CODES .. id, KEY_ENDED .. id, KEY_LEDGER .. id, KEY_FLOW .. id,
  KEY_RECORDED .. id, KEY_PLAN .. id)
redis.call('ZREM', KEY_SKIP_IF_NEWER, id)
redis.call('DEL', key)
redis.call('ZREM', KEY_MIGRATIONS, id)
return ''
