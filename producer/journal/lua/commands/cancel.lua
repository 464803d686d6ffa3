-- Cancels a command that was never sent to Stripe. A replayed command (`accepted_again`) may have been sent.
-- ARGV: id, http, result, ttl (ms)
local row = redis.call('HMGET', KEY_COMMAND .. ARGV[1], 'state', 'tries', 'user', 'accepted_again')
if not row[1] then return 'absent' end
if row[1] == 'cancelled' then return 'cancelled' end
local unsent = (row[1] == 'queued' or row[1] == 'waiting') and tonumber(row[2] or 0) == 0
if not unsent or row[4] then return row[1] end
finish_unstarted(row[3], ARGV[1], 'cancelled', ARGV[2], 'cancelled', ARGV[3], tonumber(ARGV[4]), now_ms())
redis.call('ZADD', KEY_DUE, int(now_ms()), row[3])
return 'cancelled'
