-- Processes seen within so many seconds: name, seconds ago, what it told. ARGV: prefix, seconds
local t = redis.call('TIME')
local now = tonumber(t[1]) + tonumber(t[2]) / 1000000
local alive = redis.call('ZRANGEBYSCORE', ARGV[1] .. 'pulse:seen', now - tonumber(ARGV[2]), '+inf', 'WITHSCORES')
local found = {}
for i = 1, #alive, 2 do
  found[#found + 1] = alive[i]
  found[#found + 1] = string.format('%.3f', math.max(0, now - tonumber(alive[i + 1])))
  found[#found + 1] = redis.call('HGET', ARGV[1] .. 'pulse:about', alive[i]) or '{}'
end
return found
