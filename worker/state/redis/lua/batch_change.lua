-- Replace a batch as it was read, unless another one has changed it meanwhile.
-- ARGV: prefix, tag, as it was read, as it is now, seconds for which the list lives
-- Returns 1 if it was replaced.
local jobs = ARGV[1] .. 'batch:jobs'
if redis.call('HGET', jobs, ARGV[2]) ~= ARGV[3] then return 0 end
redis.call('HSET', jobs, ARGV[2], ARGV[4])
redis.call('EXPIRE', jobs, ARGV[5])
return 1
