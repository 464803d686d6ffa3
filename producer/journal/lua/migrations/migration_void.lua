-- Marks a pending row as invalid. ARGV: migration, driver, number, code
local migration, number = ARGV[1], tonumber(ARGV[3])
if not is_driver(migration, ARGV[2]) or row_state(migration, number) ~= PENDING then return 0 end
set_row_state(migration, number, INVALID)
redis.call('HINCRBY', KEY_CODES .. migration, ARGV[4], 1)
return 1
