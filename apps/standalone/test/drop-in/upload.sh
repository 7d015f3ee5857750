#!/bin/sh
set -eu

call() {
  curl -sS --fail-with-body -H "Authorization: Bearer $API_KEY" "$@"
}
field() {
  sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"
}

upload=$(call "$BASE_URL/v1/uploads/images" -F purpose=generation -F file=@reference.png)
task=$(call "$BASE_URL/v1/images/generations" -H 'Content-Type: application/json' -d '{
  "model": "gemini-3-pro-image-preview",
  "prompt": "The same mug, in the evening light",
  "image_urls": ["'"$(echo "$upload" | field url)"'"]
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
