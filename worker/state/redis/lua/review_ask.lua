-- Remember answers that people should look at, each once.
-- ARGV: prefix, ttl_s, then per request: key, due, document
-- Returns how many were new.
local prefix, fresh = ARGV[1], 0
for i = 3, #ARGV, 3 do
  local request = prefix .. 'review:' .. ARGV[i]
  if redis.call('EXISTS', request) == 0 then
    redis.call('HSET', request, 'document', ARGV[i + 2], 'tries', 0)
    redis.call('EXPIRE', request, ARGV[2])
    redis.call('ZADD', prefix .. 'reviews', ARGV[i + 1], ARGV[i])
    fresh = fresh + 1
  end
end
return fresh
