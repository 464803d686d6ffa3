-- Rows and results of commands. A row that is not a hash is answered as the name of its type, a result that is
-- not a string as 0. ARGV: ids
local answers = {}
for i, id in ipairs(ARGV) do
  local row = redis.pcall('HGETALL', KEY_COMMAND .. id)
  if row.err then row = redis.call('TYPE', KEY_COMMAND .. id).ok end
  local result = redis.pcall('GET', KEY_RESULT .. id)
  if type(result) == 'table' then result = 0 end
  answers[i] = {row, result}
end
return answers
