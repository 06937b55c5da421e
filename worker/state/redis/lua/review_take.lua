-- Hand out the request that is due for longest, to one caller until a moment, and count the try.
-- ARGV: prefix, now, until
-- Returns document and tries, or nothing.
local prefix = ARGV[1]
local reviews = prefix .. 'reviews'
while true do
  local key = redis.call('ZRANGEBYSCORE', reviews, '-inf', ARGV[2], 'LIMIT', 0, 1)[1]
  if not key then return {} end
  local request = prefix .. 'review:' .. key
  local document = redis.call('HGET', request, 'document')
  if document then
    redis.call('ZADD', reviews, ARGV[3], key)
    return {document, redis.call('HINCRBY', request, 'tries', 1)}
  end
  redis.call('ZREM', reviews, key)
end
