-- A tick's work is done. ARGV: prefix, name, when it began
local t = redis.call('TIME')
local now = string.format('%.6f', tonumber(t[1]) + tonumber(t[2]) / 1000000)
redis.call('HSET', ARGV[1] .. 'pulse:ticks', ARGV[2] .. ':done', now, ARGV[2] .. ':began', ARGV[3])
