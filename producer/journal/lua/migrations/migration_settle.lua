-- Writes the ends of recorded rows into the ledger and removes their commands from the journal; a failed command
-- stays for the operator. A command that is no longer listed, or has ended again since, is left alone, so the
-- script may be repeated.
-- ARGV: migration, driver, the recorded rows packed ('' to keep nothing), bytes of that at most, then for each
--   row number, command id, time it ended, state, code, message
local migration = ARGV[1]
if not is_driver(migration, ARGV[2]) then return {'taken_over', 0, 0, 0} end
local settled = 0
for i = 5, #ARGV, 6 do
  local number, id, state = tonumber(ARGV[i]), ARGV[i + 1], tonumber(ARGV[i + 3])
  local row = KEY_COMMAND .. id
  local finished = redis.pcall('HGET', row, 'finished')
  if type(finished) == 'table' then
    redis.call('DEL', row)
    finished = false
  end
  if redis.call('ZSCORE', KEY_ENDED .. migration, id) and (finished or '') == ARGV[i + 2] then
    record_end(migration, number, id, state, ARGV[i + 4], ARGV[i + 5])
    redis.call('ZREM', KEY_ENDED .. migration, id)
    if state ~= FAILED then redis.call('DEL', row, KEY_RESULT .. id) end
    settled = settled + 1
  end
end
local frames = keep_recorded(migration, settled > 0 and ARGV[3] or '', tonumber(ARGV[4]), settled)
local state = redis.call('HGET', KEY_MIGRATION .. migration, 'state')
return {state, settled, in_flight(migration), frames}
