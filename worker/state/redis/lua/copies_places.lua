-- The places that copies were asked for since a moment.
-- KEYS: places; ARGV: since
return redis.call('ZRANGEBYSCORE', KEYS[1], ARGV[1], '+inf')
