-- Hand out copies that are due, to one caller until a moment.
-- KEYS: due, copies, asked, written, ended; ARGV: now, until, limit
-- Returns their documents.
local documents = {}
for _, member in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[3])) do
  local document = redis.call('HGET', KEYS[2], member)
  if document then
    redis.call('ZADD', KEYS[1], ARGV[2], member)
    documents[#documents + 1] = document
  else
    redis.call('ZREM', KEYS[1], member)
    redis.call('ZREM', KEYS[3], member)
    redis.call('SREM', KEYS[4], member)
  end
end
return documents
