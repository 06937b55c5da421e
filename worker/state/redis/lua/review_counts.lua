-- How many requests wait, were queued and refused.
-- ARGV: prefix
local prefix = ARGV[1]
local counts = redis.call('HMGET', prefix .. 'reviews:count', 'queued', 'refused')
return {redis.call('ZCARD', prefix .. 'reviews'), counts[1], counts[2]}
