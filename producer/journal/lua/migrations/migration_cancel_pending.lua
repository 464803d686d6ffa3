-- Cancels the pending rows of a cancelled migration. ARGV: migration, first number, last
local migration = ARGV[1]
if redis.call('HGET', KEY_MIGRATION .. migration, 'state') ~= 'cancelling' then return 0 end
local cancelled = 0
for number = tonumber(ARGV[2]), tonumber(ARGV[3]) do
  if row_state(migration, number) == PENDING then
    set_row_state(migration, number, CANCELLED)
    cancelled = cancelled + 1
  end
end
if cancelled > 0 then redis.call('HINCRBY', KEY_CODES .. migration, 'cancelled', cancelled) end
return cancelled
