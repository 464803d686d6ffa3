-- Rows and results of commands, each as it is: a row of another type than a hash is answered as the
-- name of that type, such a result as 0. ARGV: ids
local answers = {}
for i, id in ipairs(ARGV) do
  local row = redis.pcall('HGETALL', KEY_COMMAND .. id)
  if row.err then row = redis.call('TYPE', KEY_COMMAND .. id).ok end
  local result = redis.pcall('GET', KEY_RESULT .. id)
  if type(result) == 'table' then result = 0 end
  answers[i] = {row, result}
end
return answers
