-- Have scores copied to a place. Those that wait already begin anew.
-- KEYS: due, copies, asked, written, ended; ARGV: now, ttl_s, then per copy: member, document
for i = 3, #ARGV, 2 do
  redis.call('ZADD', KEYS[1], ARGV[1], ARGV[i])
  redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1])
  redis.call('ZADD', KEYS[3], ARGV[1], ARGV[i])
  redis.call('SREM', KEYS[4], ARGV[i])
end
for i = 1, 4 do redis.call('EXPIRE', KEYS[i], ARGV[2]) end
return 1
