-- How many messages each queue holds, how many commands of each queue were not received, how many commands
-- failed, how many customers are in `due`. A key of the wrong type counts as 0. ARGV: queues
local counts = {}
local function count(command, key)
  local found = redis.pcall(command, key)
  counts[#counts + 1] = type(found) == 'number' and found or 0
end
for _, queue in ipairs(ARGV) do count('LLEN', KEY_QUEUE .. queue) end
for _, queue in ipairs(ARGV) do count('ZCARD', KEY_QUEUED .. queue) end
count('ZCARD', KEY_FAILED)
count('ZCARD', KEY_DUE)
return counts
