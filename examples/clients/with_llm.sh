#!/bin/sh
# llm, on the command line: a streamed answer, a tool that it runs, and an object.
#
#   uv run mochi demo                   # in one terminal
#   uv tool install llm                 # in another
#   sh examples/clients/with_llm.sh
set -eu

# Your own entry goes beside `llm logs path`; here it is a folder that is thrown away.
LLM_USER_PATH=$(mktemp -d)
export LLM_USER_PATH
trap 'rm -r "$LLM_USER_PATH"' EXIT

cat > "$LLM_USER_PATH/extra-openai-models.yaml" <<YAML
- model_id: mochi
  model_name: ${MOCHI_MODEL:-demo-tools}
  api_base: ${MOCHI_BASE_URL:-http://127.0.0.1:8000/v1}
  api_key_name: mochi
  supports_tools: true
  supports_schema: true
YAML
llm keys set mochi --value "${MOCHI_API_KEY:-mochi}"

expect() {
  echo "$2"
  case $2 in *$1*) ;; *) echo "expected “$1” in that answer" >&2; exit 1 ;; esac
}

llm -m mochi 'Hello! What can you do?' | tee "$LLM_USER_PATH/answer"
test -s "$LLM_USER_PATH/answer" || { echo 'the stream brought no text' >&2; exit 1; }

weather='def get_weather(city: str) -> str:
    """The weather of a city."""
    return f"{city}: clear sky, 21 degrees"'
expect '21 degrees' "$(llm -m mochi --functions "$weather" 'What is the weather in Paris?')"

expect '2100000' "$(llm -m mochi --schema 'name, people int' 'About 2100000 people live in Paris.')"
