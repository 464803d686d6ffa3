-- Enters a pending row as invalid. ARGV: migration, driver, number, code
local migration, number = ARGV[1], tonumber(ARGV[3])
if not driven_by(migration, ARGV[2]) or row_state(migration, number) ~= PENDING then return 0 end
mark(migration, number, INVALID)
redis.call('HINCRBY', KEY_CODES .. migration, ARGV[4], 1)
return 1
