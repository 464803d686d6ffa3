-- Sets how many rows a second are sent at most. ARGV: migration, rows a second ('' for no limit)
local key = KEY_MIGRATION .. ARGV[1]
if redis.call('EXISTS', key) == 0 then return 0 end
if ARGV[2] == '' then redis.call('HDEL', key, 'rps') else redis.call('HSET', key, 'rps', ARGV[2]) end
return 1
