-- One page of dead letters, by the time they gave up.
-- ARGV: prefix, first time ('-inf': any), last time ('+inf': any), offset, limit
-- Returns for each: member, use_case, reason, detail, attempts, changed_at, in one flat list; all but the member are
--         empty where the entry is not dead any more.
local prefix = ARGV[1]
local members = redis.call('ZRANGEBYSCORE', prefix .. 'dead', ARGV[2], ARGV[3], 'LIMIT', ARGV[4], ARGV[5])
local page = {}
for i, member in ipairs(members) do
  local entry = redis.call('HMGET', prefix .. 'entry:' .. member, 'use_case', 'reason', 'detail', 'attempts',
    'changed_at', 'state')
  page[#page + 1] = member
  for part = 1, 5 do page[#page + 1] = entry[6] == 'dead' and entry[part] or '' end
end
return page
