-- Removes what is kept of a migration that has ended; what it is found by goes last. Answers '', or the
-- state of one that has not ended. ARGV: migration, for how long it is remembered that there was one (ms)
local id = ARGV[1]
local key = KEY_MIGRATION .. id
local state = redis.call('HGET', key, 'state')
if state and state ~= 'finished' and state ~= 'cancelled' then return state end
if state then
  local now = now_ms()
  redis.call('ZADD', KEY_FORGOTTEN, int(now), id)
  redis.call('ZREMRANGEBYSCORE', KEY_FORGOTTEN, '-inf', int(now - ARGV[2]))
end
redis.call('UNLINK', KEY_DETAILS .. id, KEY_CODES .. id, KEY_ENDED .. id, KEY_LEDGER .. id, KEY_FLOW .. id,
  KEY_RECORDED .. id, KEY_PLAN .. id)
redis.call('ZREM', KEY_SKIPPING, id)
redis.call('DEL', key)
redis.call('ZREM', KEY_MIGRATIONS, id)
return ''
