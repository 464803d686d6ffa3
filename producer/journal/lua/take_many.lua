-- A message of many commands arrived. All are called up; at most `most` are begun, and none more
-- where the rate limit let one of the same lane and endpoint wait: those are in the asker's hand.
-- ARGV: holder, lease (ms), '1' if in order of sequence, limits, most, then ids
local holder, lease_ms, in_order = ARGV[1], tonumber(ARGV[2]), ARGV[3] == '1'
local limits, most = ARGV[4], tonumber(ARGV[5])
local now = now_ms()
local answers, again = {}, {}
local user, why
local function take_one(i)
  local id = ARGV[i]
  user, why = call_up(id, in_order)
  if not user then return {why} end
  local row = redis.call('HMGET', KEY_COMMAND .. id, 'lane', 'kind', 'card', 'queue', 'first', 'before')
  local endpoint = endpoint_of(row[2], row[3], row[5], row[6])
  local known = again[(row[4] or row[1]) .. endpoint] or (most <= 0 and int(now))
  local answer
  if known then
    redis.call('ZADD', KEY_WATCH, 'NX', int(now + lease_ms), user)
    answer = {'limited', user, row[4] or row[1], endpoint, known, int(now)}
  else
    answer = begin_next(user, holder .. i, lease_ms, limits, now)
    if answer[1] == 'granted' then most = most - 1 end
    if answer[1] == 'limited' then again[answer[3] .. answer[4]] = answer[5] end
  end
  if answer[1] ~= 'stopped' then wait_unless_begun(id) end
  return answer
end
for i = 6, #ARGV do
  user = nil
  local answer = or_damaged(function() return take_one(i) end)
  if answer[1] == 'damaged' then put_off(user, now) end
  answers[#answers + 1] = answer
end
return answers
