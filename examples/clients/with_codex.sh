#!/bin/sh
# Codex, on the command line: an answer, a command that it runs, an object, and a second turn.
#
#   uv run mochi demo                      # in one terminal
#   npm install --global @openai/codex     # in another
#   sh examples/clients/with_codex.sh
set -eu

# Your own entry goes into ~/.codex/config.toml; here it is a folder that is thrown away.
CODEX_HOME=$(mktemp -d)
export CODEX_HOME MOCHI_API_KEY="${MOCHI_API_KEY:-mochi}"
trap 'rm -r "$CODEX_HOME"' EXIT

cat > "$CODEX_HOME/config.toml" <<TOML
model = "${MOCHI_MODEL:-demo-tools}"
model_provider = "mochi"
check_for_update_on_startup = false

[model_providers.mochi]
name = "mochi gateway"
base_url = "${MOCHI_BASE_URL:-http://127.0.0.1:8000/v1}"
wire_api = "responses"
env_key = "MOCHI_API_KEY"

[analytics]
enabled = false
TOML

mkdir "$CODEX_HOME/work"
cd "$CODEX_HOME/work"
echo 'Paris: clear sky, 21 degrees' > weather.txt
cat > city.json <<JSON
{
  "type": "object",
  "properties": {"name": {"type": "string"}, "people": {"type": "integer"}},
  "required": ["name", "people"],
  "additionalProperties": false
}
JSON

# It reads more of the prompt from where its input comes from, and says what it does on stderr.
ask() {
  codex exec "$@" --skip-git-repo-check < /dev/null 2> log || { cat log >&2; exit 1; }
}

expect() {
  echo "$2"
  case $2 in *$1*) ;; *) echo "expected “$1” in that answer" >&2; cat log >&2; exit 1 ;; esac
}

# The demonstration's model calls a tool wherever there is one; its chatty one only talks.
case ${MOCHI_MODEL:-demo-tools} in demo-tools) talker=demo-chatty ;; *) talker=$MOCHI_MODEL ;; esac

ask -m "$talker" 'Hello! What can you do?' | tee answer
test -s answer || { echo 'there is no answer' >&2; exit 1; }

expect '21 degrees' "$(ask 'Run the command `cat weather.txt` and say what it prints.')"

expect '2100000' "$(ask --output-schema city.json 'About 2100000 people live in Paris.')"

expect 'Ada' "$(ask -m "$talker" 'My name is Ada.')"
expect 'Ada' "$(ask resume --last -m "$talker" 'What is my name?')"
