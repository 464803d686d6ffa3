-- Finishes a migration if no row is left. Answers the state. ARGV: migration, driver, how long its recorded rows
--   are kept from now on (ms)
local key = KEY_MIGRATION .. ARGV[1]
local record = redis.call('HMGET', key, 'state', 'n0', 'n1', 'n10', 'driver')
if record[5] ~= ARGV[2] then return 'taken_over' end
local left = tonumber(record[2] or 0) + tonumber(record[3] or 0) + tonumber(record[4] or 0)
if left > 0 then return record[1] end
redis.call('PEXPIRE', KEY_RECORDED .. ARGV[1], ARGV[3])
if record[1] == 'finished' or record[1] == 'cancelled' then return record[1] end
local state = record[1] == 'cancelling' and 'cancelled' or 'finished'
redis.call('HSET', key, 'state', state, 'finished', int(now_ms()))
redis.call('ZREM', KEY_SKIP_IF_NEWER, ARGV[1])
return state
