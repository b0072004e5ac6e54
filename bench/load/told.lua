-- What a load says at its end: one line of JSON with counts, the longest latency, and those at a thousand evenly spaced quantiles.
function done(summary, latency)
  local quantiles = {}
  for i = 0, 999 do
    quantiles[#quantiles + 1] = string.format("%.0f", latency:percentile((i + 0.5) / 10))
  end
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"micros":%d,"status":%d,"socket":%d,"longest":%d,"quantiles":[%s]}\n',
    summary.requests, summary.duration, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout,
    summary.requests == 0 and 0 or latency.max, table.concat(quantiles, ",")
  ))
end
