-- When ticks were sent and done, and the moment now. ARGV: prefix
local t = redis.call('TIME')
return {string.format('%d.%06d', tonumber(t[1]), tonumber(t[2])), redis.call('HGETALL', ARGV[1] .. 'pulse:ticks')}
