#!/bin/sh
# Conversations that the gateway keeps, with nothing but curl.
#
#   uv run mochi demo        # in one terminal
#   sh examples/sessions.sh  # in another
set -eu
url=${MOCHI_URL:-http://127.0.0.1:8000}/api/v1
key=${MOCHI_API_KEY:-mochi}

# call METHOD PATH [JSON]
call() {
  method=$1 path=$2
  shift 2
  curl --fail-with-body --silent --show-error --no-buffer -X "$method" "$url$path" \
    -H "Authorization: Bearer $key" -H 'Content-Type: application/json' ${1:+-d "$1"}
  echo
}

echo '# a new session'
begun=$(call POST /sessions '{"model": "demo", "system_prompt": "Answer in one line."}')
echo "$begun"
session=$(echo "$begun" | sed 's/.*"session_id": *"\([^"]*\)".*/\1/')

echo '# an answer as events'
call POST "/chat/$session/stream" '{"message": "Hello!"}'

echo '# an answer in one piece'
call POST "/chat/$session" '{"message": "And what else?"}'

echo '# message 1 said otherwise, which drops all that follows it; and answered anew'
call PUT "/sessions/$session/messages/1" '{"content": "Good morning!"}'
call POST "/chat/$session" '{"message": null}'

echo '# all that was said'
call GET "/sessions/$session/messages"

echo '# its model, context window and tools'
call GET "/sessions/$session/status"

echo '# and the list of all sessions, before this one goes'
call GET /sessions
call DELETE "/sessions/$session"
