-- A message of many commands arrived. Marks all as delivered and claims at most `most`; after the rate limit
-- has held one back, no more of the same queue and endpoint. The caller defers the customers of the rest.
-- ARGV: holder, lease (ms), '1' if in order of sequence, limits, most, then ids
local holder, lease_ms, in_order = ARGV[1], tonumber(ARGV[2]), ARGV[3] == '1'
local limits, most = ARGV[4], tonumber(ARGV[5])
local now = now_ms()
local answers, ask_again = {}, {}
local arrival, why
local function claim_one(i)
  arrival, why = note_delivery(ARGV[i], in_order, now)
  if not arrival then return {why} end
  local row = arrival.row
  local endpoint = endpoint_of(row.kind, row.card, row.first, row.before)
  local limited = ask_again[(row.queue or row.lane) .. endpoint] or (most <= 0 and int(now))
  local answer
  if limited then
    raise_delivered(arrival)
    redis.call('ZADD', KEY_DUE, 'NX', int(now + lease_ms), arrival.user)
    answer = {'limited', arrival.user, row.queue or row.lane, endpoint, limited, int(now)}
  else
    answer = claim_next_command(arrival.user, holder .. i, lease_ms, limits, now, arrival)
    if answer[1] == 'granted' then most = most - 1 end
    if answer[1] == 'limited' then ask_again[answer[3] .. answer[4]] = answer[5] end
  end
  if answer[1] ~= 'stopped' then wait_unless_started(arrival) end
  return answer
end
for i = 6, #ARGV do
  arrival = nil
  local answer = catch_damage(function() return claim_one(i) end)
  if answer[1] == 'damaged' then postpone(arrival and arrival.user, now) end
  answers[#answers + 1] = answer
end
return answers
