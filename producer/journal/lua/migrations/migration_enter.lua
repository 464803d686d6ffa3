-- Sets the states of rows that will not be sent, until the migration is open. ARGV: id, then number, state pairs
local id = ARGV[1]
local known = redis.call('HMGET', KEY_MIGRATION .. id, 'state', 'open')
if not known[1] or known[2] then return 0 end
for i = 2, #ARGV, 2 do set_row_state(id, tonumber(ARGV[i]), tonumber(ARGV[i + 1])) end
return 1
