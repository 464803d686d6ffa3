-- Claims the next commands of deferred customers, in order, until one is limited or stopped.
-- ARGV: holder, lease (ms), limits, then users
local now = now_ms()
local answers = {}
for i = 4, #ARGV do
  local answer = catch_damage(function()
    return claim_next_command(ARGV[i], ARGV[1] .. i, tonumber(ARGV[2]), ARGV[3], now)
  end)
  if answer[1] == 'damaged' then postpone(ARGV[i], now) end
  answers[#answers + 1] = answer
  if answer[1] == 'limited' or answer[1] == 'stopped' then break end
end
return answers
