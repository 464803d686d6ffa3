-- What the journal knows of a command. Keys of the wrong type are left out. ARGV: id
local id = ARGV[1]
local function read(...)
  local found = redis.pcall(...)
  return type(found) == 'table' and found.err and {} or found
end
local row = read('HGETALL', KEY_COMMAND .. id)
local known = to_map(row)
local user, lane = known.user or '', known.lane or ''
return {
  row, read('GET', KEY_RESULT .. id), read('HGETALL', KEY_CUSTOMER .. user),
  read('ZRANGE', KEY_PENDING .. user, 0, 99), read('HGETALL', KEY_STOP), read('HGETALL', KEY_PAUSED),
  read('ZSCORE', KEY_DUE, user), read('LLEN', KEY_QUEUE .. (known.queue or lane)), int(now_ms()),
}
