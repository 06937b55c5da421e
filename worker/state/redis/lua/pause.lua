-- Grant nothing of a limit for a while; a shorter pause never ends a longer one. KEYS: limit; ARGV: ms, keep_ms
local clock = redis.call('TIME')
local till = clock[1] * 1000 + math.floor(clock[2] / 1000) + tonumber(ARGV[1])
local known = tonumber(redis.call('HGET', KEYS[1], 'p') or '0')
redis.call('HSET', KEYS[1], 'p', string.format('%.0f', math.max(known, till)))
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 0
