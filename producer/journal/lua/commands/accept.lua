-- Accepts a command: writes its row, its place in the customer's order and its Celery message in one step.
-- ARGV: id, kind, user, card, lane, slot, idempotency digest, body digest, ttl of the digest (ms),
--       sender, signature, trace, metadata, queue, message ('' where a worker has already received it)
local id, idem, body, queue, message = ARGV[1], ARGV[7], ARGV[8], ARGV[14], ARGV[15]
local known = find_by_idempotency_key(id, idem, body)
if known then return known end
if redis.call('EXISTS', KEY_COMMAND .. id) == 1 then return {'accepted', id} end
local now = now_ms()
local seq = redis.call('INCR', KEY_SEQUENCE)
create_row(id, ARGV[2], ARGV[3], ARGV[4], ARGV[5], queue, ARGV[6], idem, body, ARGV[9], ARGV[10], ARGV[11], now,
  ARGV[12], seq, tags_of(ARGV[13]))
-- Also where a worker has received the message: if the worker dies now, the sweep finds the command here.
redis.call('ZADD', KEY_QUEUED .. queue, seq, id)
count_accepted(ARGV[2], ARGV[5], 1, now)
-- If the queue's key has another type, the command is accepted without a message: the sweep finds it.
if message ~= '' then redis.pcall('LPUSH', KEY_QUEUE .. queue, message) end
return {'accepted', id}
