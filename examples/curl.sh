#!/bin/sh
# The gateway with nothing but curl.
#
#   uv run mochi demo      # in one terminal
#   sh examples/curl.sh    # in another
set -eu
url=${MOCHI_URL:-http://127.0.0.1:8000}
key=${MOCHI_API_KEY:-mochi}

ask() {
  curl --fail-with-body --silent --show-error --no-buffer "$url/v1/chat/completions" \
    -H "Authorization: Bearer $key" -H 'Content-Type: application/json' -d "$1"
  echo
}

echo '# which models are there?'
curl --fail-with-body --silent --show-error "$url/v1/models" -H "Authorization: Bearer $key"
echo

echo '# one answer'
ask '{"model": "demo", "messages": [{"role": "user", "content": "Hello!"}]}'

echo '# the same as a stream'
ask '{"model": "demo", "stream": true, "messages": [{"role": "user", "content": "Hello!"}]}'

echo '# JSON that fits a schema'
ask '{"model": "demo", "messages": [{"role": "user", "content": "A city, as JSON."}],
      "response_format": {"type": "json_schema", "json_schema": {"name": "city", "schema":
        {"type": "object", "properties": {"name": {"type": "string"}, "people": {"type": "integer"}},
         "required": ["name", "people"]}}}}'
