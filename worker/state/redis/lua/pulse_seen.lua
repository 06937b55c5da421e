-- A process tells that it lives; who was silent for an hour is forgotten. ARGV: prefix, name, what it tells
local seen, about = ARGV[1] .. 'pulse:seen', ARGV[1] .. 'pulse:about'
local now = tonumber(redis.call('TIME')[1])
redis.call('ZADD', seen, now, ARGV[2])
redis.call('HSET', about, ARGV[2], ARGV[3])
local silent = redis.call('ZRANGEBYSCORE', seen, '-inf', now - 3600, 'LIMIT', 0, 100)
for _, name in ipairs(silent) do
  redis.call('ZREM', seen, name)
  redis.call('HDEL', about, name)
end
