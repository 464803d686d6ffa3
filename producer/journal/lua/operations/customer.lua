-- What the journal knows of a customer. Keys of the wrong type are left out.
-- ARGV: customer, how many open commands at most
local user = ARGV[1]
local function read(...)
  local found = redis.pcall(...)
  return type(found) == 'table' and found.err and {} or found
end
local function rows(ids)
  local found = {}
  for _, id in ipairs(ids) do
    local row = read('HGETALL', KEY_COMMAND .. id)
    local known = to_map(row)
    -- The result of an applied default is the whole customer object, which is not shown.
    local small = known.kind == 'AssignCard' or known.state ~= 'succeeded'
    local result = small and known.finished and read('GET', KEY_RESULT .. id) or ''
    if #row > 0 then found[#found + 1] = {id, row, type(result) == 'string' and result or ''} end
  end
  return found
end
local history = read('GET', KEY_HISTORY .. user)
local noted, ended, seen = {}, {}, {}
for id in string.gmatch(type(history) == 'string' and history or '', '[^\n]+') do noted[#noted + 1] = id end
-- The newest is last, also a command that ended again after a replay.
for i = #noted, 1, -1 do
  if not seen[noted[i]] and #ended < 50 then ended[#ended + 1] = noted[i] end
  seen[noted[i]] = true
end
return {
  rows(read('ZRANGE', KEY_PENDING .. user, 0, ARGV[2] - 1)), rows(ended),
  read('HGETALL', KEY_CUSTOMER .. user), read('HGETALL', KEY_STOP), read('HGETALL', KEY_PAUSED),
  int(now_ms()),
}
