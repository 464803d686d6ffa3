-- Enters rows that are not sent, until the migration is open. ARGV: id, then number, state pairs
local id = ARGV[1]
if redis.call('HEXISTS', key_migration(id), 'open') == 1 then return 0 end
for i = 2, #ARGV, 2 do mark(id, tonumber(ARGV[i]), tonumber(ARGV[i + 1])) end
return 1
