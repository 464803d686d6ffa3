-- Takes up customers in hand, in order, until the rate limit lets one wait: the rest is not asked.
-- ARGV: holder, lease (ms), limits, then users
local now = now_ms()
local answers = {}
for i = 4, #ARGV do
  local answer = or_damaged(function()
    return claim_next_command(ARGV[i], ARGV[1] .. i, tonumber(ARGV[2]), ARGV[3], now)
  end)
  if answer[1] == 'damaged' then postpone(ARGV[i], now) end
  answers[#answers + 1] = answer
  if answer[1] == 'limited' or answer[1] == 'stopped' then break end
end
return answers
