-- Have scores copied to a place. Those that wait already begin anew.
-- KEYS: due, copies, asked, written, ended, places; ARGV: place, now, ttl_s, then per copy: member, document
for i = 4, #ARGV, 2 do
  redis.call('ZADD', KEYS[1], ARGV[2], ARGV[i])
  redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1])
  redis.call('ZADD', KEYS[3], ARGV[2], ARGV[i])
  redis.call('SREM', KEYS[4], ARGV[i])
end
for i = 1, 4 do redis.call('EXPIRE', KEYS[i], ARGV[3]) end
redis.call('ZADD', KEYS[6], ARGV[2], ARGV[1])
redis.call('EXPIRE', KEYS[6], ARGV[3])
return 1
