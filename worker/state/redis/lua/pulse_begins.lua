-- A worker takes a tick up. Returns the moment, how long it waited, and whether its work is done already.
-- ARGV: prefix, name, when it was sent ('' = not by a clock)
local ticks, name, sent = ARGV[1] .. 'pulse:ticks', ARGV[2], tonumber(ARGV[3])
local t = redis.call('TIME')
local now = tonumber(t[1]) + tonumber(t[2]) / 1000000
redis.call('HDEL', ticks, name .. ':waiting')
local began = tonumber(redis.call('HGET', ticks, name .. ':began') or '')
local is_done = (began and sent and began > sent) and 1 or 0
return {string.format('%.6f', now), string.format('%.6f', now - (sent or now)), is_done}
