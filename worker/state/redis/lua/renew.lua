-- Say by the server's clock that deliveries and owners of entries are alive, and that somebody is there at all.
-- ARGV: prefix, unacked_index, lease_s, silence_s, grace_s, number of tags, tags, then owners
-- Returns the server's TIME.
-- After a silence the server itself may have been away. Then `grace` keeps the work of all that may still live.
local prefix, unacked, lease = ARGV[1], ARGV[2], tonumber(ARGV[3])
local clock = redis.call('TIME')
local now = tonumber(clock[1]) + tonumber(clock[2]) / 1000000
local last = redis.call('GET', prefix .. 'renewed')
if last and now - tonumber(last) > tonumber(ARGV[4]) then redis.call('SET', prefix .. 'grace', 1, 'EX', ARGV[5]) end
redis.call('SET', prefix .. 'renewed', string.format('%.6f', now), 'EX', 30 * 24 * 3600)
local first_owner = 7 + tonumber(ARGV[6])
for i = 7, first_owner - 1 do redis.call('ZADD', unacked, 'XX', string.format('%.6f', now), ARGV[i]) end
for i = first_owner, #ARGV do
  redis.call('ZADD', prefix .. 'owners', string.format('%.6f', now + lease), ARGV[i])
end
if #ARGV >= first_owner then
  redis.call('ZREMRANGEBYSCORE', prefix .. 'owners', '-inf', now - 3600)
  redis.call('EXPIRE', prefix .. 'owners', 3600)
end
return clock
