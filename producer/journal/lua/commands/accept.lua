-- Journal row, place in the customer's order and Celery message, in one step.
-- ARGV: id, kind, user, card, lane, slot, idempotency digest, body digest, ttl of the digest (ms),
--       sender, signature, trace, metadata, queue, message ('' where the message is already in the worker's hands)
local id, idem, body, queue, message = ARGV[1], ARGV[7], ARGV[8], ARGV[14], ARGV[15]
local known = known_by_key(id, idem, body)
if known then return known end
if redis.call('EXISTS', KEY_COMMAND .. id) == 1 then return {'accepted', id} end
local now = now_ms()
local seq = redis.call('INCR', KEY_SEQUENCE)
enrol(id, ARGV[2], ARGV[3], ARGV[4], ARGV[5], queue, ARGV[6], idem, body, ARGV[9], ARGV[10], ARGV[11], now,
  ARGV[12], seq, tags_of(ARGV[13]))
-- Also where the message is in a worker's hands: if that dies now, the sweep finds it here.
redis.call('ZADD', KEY_QUEUED .. queue, seq, id)
count_accepted(ARGV[2], ARGV[5], 1, now)
-- Where the key is no queue the command is accepted all the same: the sweep finds it.
if message ~= '' then redis.pcall('LPUSH', KEY_QUEUE .. queue, message) end
return {'accepted', id}
