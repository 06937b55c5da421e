-- Blame an entry beforehand for the end of the worker that works on it, or take that back. Only its owner does.
-- ARGV: prefix, rubric, trace id, owner, 1 or -1
local entry = ARGV[1] .. 'entry:' .. ARGV[2] .. '\31' .. ARGV[3]
local old = redis.call('HMGET', entry, 'state', 'owner', 'blamed')
if old[1] ~= 'open' or old[2] ~= ARGV[4] then return 0 end
redis.call('HSET', entry, 'blamed', math.max(0, tonumber(old[3] or '0') + tonumber(ARGV[5])))
return 1
