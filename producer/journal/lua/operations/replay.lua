-- Replays a failed command in its place in the customer's order and under a new idempotency key; its next attempt
-- first looks up whether it took effect (`look`). It is superseded where a newer command was applied since.
-- ARGV: id, queue, message, http and result of a superseded one, ttl (ms),
--   signature
local id = ARGV[1]
local key = KEY_COMMAND .. id
local row = redis.call('HMGET', key, 'state', 'user', 'lane', 'slot', 'seq', 'kind')
if not row[1] then return 'absent' end
if row[1] ~= 'failed' then return row[1] end
local user, lane, slot, seq = row[2], row[3], row[4], row[5]
redis.call('ZREM', KEY_FAILED, id)
if slot then
  local newer = redis.call('HGET', KEY_APPLIED_SINCE, user .. ' ' .. slot)
  local by, applied = string.match(newer or '', '^(%S+) (%d+)$')
  if by and tonumber(applied) > tonumber(seq) then
    count('replayed ' .. row[6] .. ' ' .. lane)
    redis.call('HSET', key, 'by', by, 'accepted_again', int(now_ms()))
    finish(user, id, 'superseded', ARGV[4], 'superseded', ARGV[5], tonumber(ARGV[6]), now_ms())
    return 'superseded'
  end
end
redis.call('HDEL', key, 'finished', 'code', 'error', 'http', 'sent', 'strikes', 'faults', 'busy',
  'retries', 'queue', 'told')
redis.call('HSET', key, 'tries', 0, 'look', 1, 'accepted_again', int(now_ms()))
redis.call('HINCRBY', key, 'keyno', 1)
if ARGV[7] ~= '' then redis.call('HSET', key, 'signature', ARGV[7]) end
redis.call('DEL', KEY_RESULT .. id)
redis.call('ZADD', KEY_PENDING .. user, seq, id)
-- The new message is at the queue's end, so its place in `queued` is behind later sequences too.
redis.call('ZADD', KEY_QUEUED .. lane, redis.call('INCR', KEY_SEQUENCE), id)
redis.pcall('LPUSH', KEY_QUEUE .. ARGV[2], ARGV[3])
count('replayed ' .. row[6] .. ' ' .. lane)
set_state(id, 'queued')
return 'queued'
