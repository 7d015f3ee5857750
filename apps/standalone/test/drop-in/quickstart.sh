#!/bin/sh
set -eu

call() {
  curl -sS --fail-with-body -H "Authorization: Bearer $API_KEY" -H 'Content-Type: application/json' "$@"
}
field() {
  sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"
}

task=$(call "$BASE_URL/v1/images/generations" -d '{
  "model": "gemini-3-pro-image-preview",
  "prompt": "Hand-thrown stoneware mug on a linen cloth",
  "size": "16:9",
  "n": 1,
  "metadata": {"resolution": "1K"}
}')
id=$(echo "$task" | field id)
while :; do
  case $(echo "$task" | field status) in
    completed) break ;;
    failed) echo "$task" >&2; exit 1 ;;
  esac
  sleep 1
  task=$(call "$BASE_URL/v1/images/generations/$id")
done

curl -sS --fail -o image.jpg "$(echo "$task" | field url)"
