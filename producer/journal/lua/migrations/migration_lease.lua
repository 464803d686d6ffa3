-- Takes or renews the lease to drive a migration. Answers the holder, '1' if that is this driver, and the
-- migration's fields.
-- ARGV: migration, driver, lease (ms), '1' to take the lease from another driver, rate, history
--   ('' for no update), id of the journal in which the migration was created ('' for any)
local journal = redis.call('GET', KEY_JOURNAL) or ''
if ARGV[7] ~= '' and journal ~= ARGV[7] then return {journal, 'elsewhere'} end
local key = KEY_MIGRATION .. ARGV[1]
local record = redis.call('HMGET', key, 'state', 'driver', 'until')
if not record[1] then return {} end
local now = now_ms()
local held = record[2] and record[2] ~= ARGV[2] and tonumber(record[3] or 0) > now
if held and ARGV[4] ~= '1' then return {record[2], '0', redis.call('HGETALL', key)} end
redis.call('HSET', key, 'driver', ARGV[2], 'until', int(now + tonumber(ARGV[3])), 'rate', ARGV[5])
if ARGV[6] ~= '' then redis.call('HSET', key, 'history', ARGV[6]) end
return {ARGV[2], '1', redis.call('HGETALL', key)}
