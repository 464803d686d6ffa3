-- Carries the ends of rows over from a lost journal, where the rows are pending in this one.
-- ARGV: migration, the same rows packed ('' to keep nothing), bytes of that at most, then for each row
--   number, state, code ('' where the row is as the file says), message
local id = ARGV[1]
local key, codes = KEY_MIGRATION .. id, KEY_CODES .. id
if redis.call('EXISTS', key) == 0 then return 0 end
-- These rows do not count among the failures since the start.
local never = redis.call('HMGET', key, 'n' .. INVALID, 'n' .. SKIPPED, 'n' .. AMBIGUOUS)
redis.call('HSETNX', key, 'base_ended', (never[1] or 0) + (never[2] or 0) + (never[3] or 0))
local carried = 0
for i = 4, #ARGV, 4 do
  local number, state, code = tonumber(ARGV[i]), tonumber(ARGV[i + 1]), ARGV[i + 2]
  if row_state(id, number) == PENDING then
    set_row_state(id, number, state)
    carried = carried + 1
    redis.call('HINCRBY', key, 'base_ended', 1)
    if state == REJECTED or state == FAILED then redis.call('HINCRBY', key, 'base_failed', 1) end
    if code ~= '' then
      redis.call('HINCRBY', codes, code, 1)
      if redis.call('HLEN', KEY_DETAILS .. id) < DETAILS then
        redis.call('HSET', KEY_DETAILS .. id, number, code .. ' ' .. ARGV[i + 3])
      end
    end
  end
end
if carried > 0 then keep_recorded(id, ARGV[2], tonumber(ARGV[3]), carried) end
return carried
