-- Accepts rows of a migration as commands that share one message, each row once however often the script runs.
-- ARGV: migration, driver, lane, message, 1 to read the customer first, 1 to skip rows whose default was set
--   since, sender, then for each row number, command id, kind, user, card, slot, expected default ('' for
--   any, else '=' and the default), signature
local migration, lane, message = ARGV[1], ARGV[3], ARGV[4]
local record = redis.call('HMGET', KEY_MIGRATION .. migration, 'state', 'driver', 'created', 'open',
  'life')
if record[2] ~= ARGV[2] then return {'taken_over', 0, 0} end
if record[1] ~= 'running' or not record[4] then return {record[1], 0, in_flight(migration)} end
local now = now_ms()
local queue, sent, new = queue_of_flow(lane, migration, now), 0, {}
local function fields_of(number, slot, expected)
  local more = {'batch', 1, 'migration', migration, 'number', number}
  local function write(name, value)
    more[#more + 1] = name
    more[#more + 1] = value
  end
  if record[5] then write('keyno', record[5]) end
  if slot ~= '' then
    if ARGV[5] == '1' then write('first', 1) end
    if ARGV[6] == '1' then write('since', record[3]) end
    if expected ~= '' then write('expected', string.sub(expected, 2)) end
  end
  return more
end
create_rows(queue, (#ARGV - 7) / 8, function(next_seq)
  for i = 8, #ARGV, 8 do
    local number, id, slot = tonumber(ARGV[i]), ARGV[i + 1], ARGV[i + 5]
    if row_state(migration, number) == PENDING then
      if redis.call('EXISTS', KEY_COMMAND .. id) == 0 then
        create_row(id, ARGV[i + 2], ARGV[i + 3], ARGV[i + 4], lane, queue, slot, '', '', 0, ARGV[7],
          ARGV[i + 7], now, '', next_seq(id), fields_of(number, slot, ARGV[i + 6]))
        new[ARGV[i + 2]] = (new[ARGV[i + 2]] or 0) + 1
      elseif redis.call('HEXISTS', KEY_COMMAND .. id, 'finished') == 1 then
        -- Left from before the migration was forgotten: a command that failed, and may have been replayed since.
        redis.call('ZADD', KEY_ENDED .. migration, number, id)
        redis.call('PERSIST', KEY_COMMAND .. id)
        redis.call('PERSIST', KEY_RESULT .. id)
      end
      set_row_state(migration, number, SENT)
      sent = sent + 1
    end
  end
end)
for kind, by in pairs(new) do count_accepted(kind, lane, by, now) end
if sent > 0 then redis.pcall('LPUSH', KEY_QUEUE .. queue, message) end
return {'running', sent, in_flight(migration)}
