-- Takes or keeps the lease to drive a migration, and tells the driver what is wanted of it.
-- ARGV: migration, driver, lease (ms), '1' to take it from whoever has it, rate, history
--   ('' for nothing new), the id of the journal that it was begun in ('' for any)
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
