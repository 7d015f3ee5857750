import json
import os
import time
import urllib.request

BASE_URL = os.environ["BASE_URL"]
API_KEY = os.environ["API_KEY"]


def call(method, path, body=None):
    request = urllib.request.Request(
        BASE_URL + path,
        method=method,
        data=json.dumps(body).encode() if body else None,
        headers={"Authorization": f"Bearer {API_KEY}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.load(response)


task = call("POST", "/v1/images/generations", {
    "model": "gemini-3-pro-image-preview",
    "prompt": "Hand-thrown stoneware mug on a linen cloth",
    "size": "16:9",
    "n": 1,
    "metadata": {"resolution": "1K"},
})
while task["status"] not in ("completed", "failed"):
    time.sleep(1)
    task = call("GET", "/v1/images/generations/" + task["id"])
if task["status"] == "failed":
    raise SystemExit(task["error"]["code"] + ": " + task["error"]["message"])

urllib.request.urlretrieve(task["result"]["data"][0]["url"], "image.jpg")
