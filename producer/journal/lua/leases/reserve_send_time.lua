-- Books a request that no grant has booked, such as a lookup. Answers in how many ms it may be sent.
-- ARGV: lane, endpoint, limits, how far ahead at most (ms)
local now = now_ms()
return int(reserve_send_time(ARGV[3], ARGV[1], ARGV[2], now, tonumber(ARGV[4])) - now)
