-- What wrk sends, and how it reports. Arguments after `--`: the bytes of the body (0: a GET without one).

function init(arguments)
  local bodyBytes = tonumber(arguments[1] or "0")
  if bodyBytes > 0 then
    wrk.method = "POST"
    wrk.headers["Content-Type"] = "application/octet-stream"
    wrk.body = string.rep("x", bodyBytes)
  end
end

-- One line of JSON, because wrk's own output rounds.
function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    'measured {"durationUs":%d,"requests":%d,"p50Us":%d,"p99Us":%d,'
      .. '"errors":{"connect":%d,"read":%d,"write":%d,"timeout":%d,"status":%d}}\n',
    summary.duration, summary.requests, latency:percentile(50), latency:percentile(99),
    errors.connect, errors.read, errors.write, errors.timeout, errors.status))
end
