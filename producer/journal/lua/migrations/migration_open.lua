-- Opens a migration for sending. ARGV: id, then code, count pairs of the rows that will not be sent
local key = KEY_MIGRATION .. ARGV[1]
if redis.call('HEXISTS', key, 'state') == 0 then return 0 end
if redis.call('HSETNX', key, 'open', 1) == 0 then return 0 end
for i = 2, #ARGV, 2 do redis.call('HINCRBY', KEY_CODES .. ARGV[1], ARGV[i], ARGV[i + 1]) end
return 1
