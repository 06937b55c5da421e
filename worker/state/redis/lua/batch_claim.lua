-- How a call stands. One that nobody has becomes the asking collector's.
-- ARGV: prefix, key, tag, subject, gathered_s, sent_s, most_tries, most_rounds
-- Returns whose it is ('' = to be made at once), the answer ('' = none) and whether the subject pays for it (1/0).
-- The first one that takes an answer pays, each time it takes it: a verdict may need several answers.
local prefix, key, tag = ARGV[1], ARGV[2], ARGV[3]
local call, rounds = prefix .. 'batch:call:' .. key, prefix .. 'batch:rounds:' .. ARGV[4]
local who = prefix .. 'batch:who:' .. key
local old = redis.call('HMGET', call, 'tag', 'tries', 'answer')
if old[3] then
  redis.call('HSETNX', call, 'payer', ARGV[4])
  return {'', old[3], redis.call('HGET', call, 'payer') == ARGV[4] and 1 or 0}
end
if not old[1] then
  if tonumber(old[2] or '0') >= tonumber(ARGV[7]) then return {'', '', 1} end
  if redis.call('SISMEMBER', rounds, tag) == 0 and redis.call('SCARD', rounds) >= tonumber(ARGV[8]) then
    return {'', '', 1}
  end
  redis.call('SADD', rounds, tag)
  redis.call('EXPIRE', rounds, 14 * 86400)
  redis.call('HSET', call, 'tag', tag)
  redis.call('EXPIRE', call, ARGV[5])
  old[1] = tag
end
redis.call('SADD', who, ARGV[4])
redis.call('EXPIRE', who, ARGV[6])
return {old[1], '', 1}
