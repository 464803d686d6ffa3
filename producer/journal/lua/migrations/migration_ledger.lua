-- A part of the ledger, one hexadecimal digit per row. ARGV: migration, first byte, last byte
local HEX = {}
for byte = 0, 255 do HEX[string.char(byte)] = string.format('%02x', byte) end
local part = redis.call('GETRANGE', KEY_LEDGER .. ARGV[1], ARGV[2], ARGV[3])
return (string.gsub(part, '.', HEX))
