-- Ends pending rows for which nothing has to be sent. ARGV: migration, driver, the recorded rows packed ('' to
--   keep nothing), bytes of that at most, then for each row number, state, code, message
local migration = ARGV[1]
if not is_driver(migration, ARGV[2]) then return {'taken_over', 0, 0, 0} end
local key, codes = KEY_MIGRATION .. migration, KEY_CODES .. migration
local ended, now_in = 0, redis.call('HGET', key, 'state')
if now_in == 'running' then
  for i = 5, #ARGV, 4 do
    local number, state, code = tonumber(ARGV[i]), tonumber(ARGV[i + 1]), ARGV[i + 2]
    if row_state(migration, number) == PENDING then
      set_row_state(migration, number, state)
      ended = ended + 1
      if state ~= ALREADY_SO then
        redis.call('HINCRBY', codes, code, 1)
        if redis.call('HLEN', KEY_DETAILS .. migration) < DETAILS then
          redis.call('HSET', KEY_DETAILS .. migration, number, code .. ' ' .. ARGV[i + 3])
        end
      end
    end
  end
end
local frames = keep_recorded(migration, ended > 0 and ARGV[3] or '', tonumber(ARGV[4]), ended)
return {now_in, ended, in_flight(migration), frames}
