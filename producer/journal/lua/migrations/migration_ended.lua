-- Ended commands of a migration that are not recorded yet. ARGV: migration, how many
local answers = {}
local ended = redis.call('ZRANGE', KEY_ENDED .. ARGV[1], 0, ARGV[2] - 1, 'WITHSCORES')
for i = 1, #ended, 2 do
  local row = redis.pcall('HMGET', KEY_COMMAND .. ended[i], 'state', 'tries', 'accepted', 'finished',
    'before', 'kind', 'card')
  if row.err then row = {} end
  for j = 1, 7 do row[j] = row[j] or '' end
  local result = redis.pcall('GET', KEY_RESULT .. ended[i])
  if type(result) ~= 'string' then result = '' end
  answers[#answers + 1] = {ended[i], ended[i + 1], row, result}
end
return answers
