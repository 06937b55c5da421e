-- Calls of a batch came back. Those that are not its own, or came back before, are passed over.
-- ARGV: prefix, tag, answer_s, sent_s, then per call: key, answer ('' = none), tries it has used
-- Returns the subjects that waited for them.
local prefix, tag, waited = ARGV[1], ARGV[2], {}
for i = 5, #ARGV, 3 do
  local key, answer = ARGV[i], ARGV[i + 1]
  local call, who = prefix .. 'batch:call:' .. key, prefix .. 'batch:who:' .. key
  if redis.call('HGET', call, 'tag') == tag then
    redis.call('HDEL', call, 'tag')
    if answer ~= '' then
      redis.call('HSET', call, 'answer', answer)
      redis.call('EXPIRE', call, ARGV[3])
    else
      redis.call('HINCRBY', call, 'tries', ARGV[i + 2])
      redis.call('EXPIRE', call, ARGV[4])
    end
    for _, subject in ipairs(redis.call('SMEMBERS', who)) do
      waited[#waited + 1] = subject
      if answer == '' and ARGV[i + 2] == '0' then redis.call('SREM', prefix .. 'batch:rounds:' .. subject, tag) end
    end
    redis.call('DEL', who)
  end
  redis.call('SREM', prefix .. 'batch:keys:' .. tag, key)
end
return waited
