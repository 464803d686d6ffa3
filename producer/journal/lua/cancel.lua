-- Cancels a command that was never sent. ARGV: id, http, result, ttl (ms)
local row = redis.call('HMGET', key_command(ARGV[1]), 'state', 'tries', 'user')
if not row[1] then return 'absent' end
if row[1] == 'cancelled' then return 'cancelled' end
if (row[1] ~= 'queued' and row[1] ~= 'waiting') or tonumber(row[2] or 0) > 0 then return row[1] end
finish(ARGV[1], 'cancelled', ARGV[2], 'cancelled', ARGV[3], tonumber(ARGV[4]), now_ms())
redis.call('ZADD', KEY_WATCH, int(now_ms()), row[3])
return 'cancelled'
