-- End copies, or make them due at another moment. One that was asked for anew meanwhile stays as it is.
-- KEYS: due, copies, asked, written, ended
-- ARGV: due, how they ended (nothing: they did not), then per copy: member, document, asked_at, whether it is written
for i = 3, #ARGV, 4 do
  local member, stored = ARGV[i], redis.call('HGET', KEYS[2], ARGV[i])
  if stored and cjson.decode(stored).asked_at == ARGV[i + 2] then
    if ARGV[2] ~= '' then
      redis.call('ZREM', KEYS[1], member)
      redis.call('HDEL', KEYS[2], member)
      redis.call('ZREM', KEYS[3], member)
      redis.call('SREM', KEYS[4], member)
      redis.call('HINCRBY', KEYS[5], ARGV[2], 1)
    else
      redis.call('ZADD', KEYS[1], ARGV[1], member)
      redis.call('HSET', KEYS[2], member, ARGV[i + 1])
      redis.call(ARGV[i + 3] == '1' and 'SADD' or 'SREM', KEYS[4], member)
    end
  end
end
return 1
