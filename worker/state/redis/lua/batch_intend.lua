-- The calls of a collector become those of a batch that is about to be sent.
-- ARGV: prefix, tag, sent_s, then keys
-- Returns the 1-based positions of the keys that are still the collector's.
local prefix, tag, sent_s, own = ARGV[1], ARGV[2], ARGV[3], {}
for i = 4, #ARGV do
  local call = prefix .. 'batch:call:' .. ARGV[i]
  if redis.call('HGET', call, 'tag') == tag then
    redis.call('EXPIRE', call, sent_s)
    redis.call('SADD', prefix .. 'batch:keys:' .. tag, ARGV[i])
    own[#own + 1] = i - 3
  end
end
redis.call('EXPIRE', prefix .. 'batch:keys:' .. tag, 14 * 86400)
return own
