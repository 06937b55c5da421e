-- How the copies for a place stand.
-- KEYS: due, copies, asked, written, ended
-- Returns how many there are, how many of them are written, when the oldest was asked for, and how many ended how.
local oldest = redis.call('ZRANGE', KEYS[3], 0, 0, 'WITHSCORES')
return {
  redis.call('ZCARD', KEYS[1]), redis.call('SCARD', KEYS[4]), oldest[2] or '', redis.call('HGETALL', KEYS[5])
}
