-- Somebody looks at a customer that is due. ARGV: user, holder, lease (ms), limits
return begin_next(ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4], now_ms())
