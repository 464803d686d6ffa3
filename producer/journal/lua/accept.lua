-- Journal row, place in the customer's order and Celery message, in one step.
-- ARGV: id, kind, user, card, lane, slot, idempotency digest, body digest, ttl of the digest (ms),
--       queue, message ('' where the message is already in the worker's hands)
local id, kind, user, card, lane, slot = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local idem, body, idem_ttl, queue, message = ARGV[7], ARGV[8], ARGV[9], ARGV[10], ARGV[11]

if idem ~= '' then
  local known = redis.call('GET', key_idempotency(idem))
  if known then
    local known_id, known_body = string.match(known, '^(%S+) (%S+)$')
    if redis.call('EXISTS', key_command(known_id)) == 1 then
      if known_body ~= body then return {'reused', known_id} end
      return {known_id == id and 'accepted' or 'known', known_id}
    end
  end
end
local row = key_command(id)
if redis.call('EXISTS', row) == 1 then return {'accepted', id} end

local seq = redis.call('INCR', KEY_SEQUENCE)
redis.call('HSET', row, 'kind', kind, 'user', user, 'card', card, 'lane', lane, 'seq', seq,
  'state', 'queued', 'accepted', int(now_ms()))
if slot ~= '' then redis.call('HSET', row, 'slot', slot) end
if idem ~= '' then
  redis.call('HSET', row, 'idem', idem)
  redis.call('SET', key_idempotency(idem), id .. ' ' .. body, 'PX', idem_ttl)
end
redis.call('ZADD', key_pending(user), seq, id)
redis.call('ZADD', key_queued(lane), seq, id)
if message ~= '' then redis.call('LPUSH', queue, message) end
redis.call('PUBLISH', key_changed(id), 'queued')
return {'accepted', id}
