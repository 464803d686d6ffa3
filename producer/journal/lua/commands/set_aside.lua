-- Dead-letters a message that cannot be carried out, and counts it; a key of the wrong type is tolerated.
-- ARGV: reason, letter (JSON), how many to keep
local now = now_ms()
local head = redis.pcall('LINDEX', KEY_DEAD_LETTERS, 0)
-- A repeated script finds its letter there.
if type(head) == 'string' and string.sub(head, -#ARGV[2]) == ARGV[2] then return 0 end
redis.pcall('LPUSH', KEY_DEAD_LETTERS, int(now) .. ' ' .. ARGV[2])
redis.pcall('LTRIM', KEY_DEAD_LETTERS, 0, ARGV[3] - 1)
redis.pcall('HINCRBY', KEY_DEAD_LETTER_COUNTS, ARGV[1], 1)
return 1
