import json
import os
import time
import urllib.request

BASE_URL = os.environ["BASE_URL"]
API_KEY = os.environ["API_KEY"]


def call(method, path, data=None, content_type="application/json"):
    request = urllib.request.Request(
        BASE_URL + path,
        method=method,
        data=data,
        headers={"Authorization": f"Bearer {API_KEY}", "Content-Type": content_type},
    )
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.load(response)


def form(fields, name, filename, content):
    boundary = "form-" + os.urandom(16).hex()
    lines = []
    for field, value in fields.items():
        lines += [f"--{boundary}", f'Content-Disposition: form-data; name="{field}"', "", value]
    lines += [f"--{boundary}", f'Content-Disposition: form-data; name="{name}"; filename="{filename}"', "", ""]
    body = "\r\n".join(lines).encode() + content + f"\r\n--{boundary}--\r\n".encode()
    return body, f"multipart/form-data; boundary={boundary}"


with open("reference.png", "rb") as file:
    body, content_type = form({"purpose": "generation"}, "file", "reference.png", file.read())
upload = call("POST", "/v1/uploads/images", body, content_type)

task = call("POST", "/v1/images/generations", json.dumps({
    "model": "gemini-3-pro-image-preview",
    "prompt": "The same mug, in the evening light",
    "image_urls": [upload["data"]["url"]],
}).encode())
while task["status"] not in ("completed", "failed"):
    time.sleep(1)
    task = call("GET", "/v1/images/generations/" + task["id"])
if task["status"] == "failed":
    raise SystemExit(task["error"]["code"] + ": " + task["error"]["message"])

urllib.request.urlretrieve(task["result"]["data"][0]["url"], "image.jpg")
