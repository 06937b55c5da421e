-- What a report needs of entries that ended.
-- ARGV: prefix, then members
-- Returns for each that is there and final: state, reason, changed_at, promise, judgement, unanswered, in one flat list.
local found = {}
for i = 2, #ARGV do
  local entry = redis.call('HMGET', ARGV[1] .. 'entry:' .. ARGV[i], 'state', 'reason', 'changed_at', 'promise',
    'judgement', 'unanswered')
  if entry[1] == 'scored' or entry[1] == 'skipped' or entry[1] == 'dead' then
    for part = 1, 6 do found[#found + 1] = entry[part] or '' end
  end
end
return found
