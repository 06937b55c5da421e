-- Note that a tick is about to be sent, unless one of its kind waits: then return an empty string.
-- A mark whose message is not in the queue was taken a moment ago, or its message was lost: after 2 s another may go.
-- Where the queue is never empty it cannot be seen: a beat may have been killed between mark and message. So a mark is
-- believed for a minute. A tick that waits longer has a like behind it, which finds the work done and is dropped.
-- ARGV: prefix, name, full key of the queue
local prefix, name = ARGV[1], ARGV[2]
local t = redis.call('TIME')
local now = tonumber(t[1]) + tonumber(t[2]) / 1000000
local waiting = tonumber(redis.call('HGET', prefix .. 'pulse:ticks', name .. ':waiting') or '')
if waiting and (redis.call('LLEN', ARGV[3]) > 0 and now - waiting < 60 or now - waiting < 2) then return '' end
local moment = string.format('%.6f', now)
redis.call('HSET', prefix .. 'pulse:ticks', name .. ':waiting', moment, name .. ':sent', moment)
return moment
