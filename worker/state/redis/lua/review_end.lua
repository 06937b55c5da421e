-- End a request with a state, or make it due at another moment where the state is empty.
-- ARGV: prefix, key, state, due
local prefix, key, state = ARGV[1], ARGV[2], ARGV[3]
if state == '' then
  redis.call('ZADD', prefix .. 'reviews', 'XX', ARGV[4], key)
elseif redis.call('ZREM', prefix .. 'reviews', key) == 1 then
  redis.call('HINCRBY', prefix .. 'reviews:count', state, 1)
end
return 1
