#!/usr/bin/env bash
# Shows a page in a real browser as a phone, a phone in the dark and a desk have it, and fails where it is wider than the phone.
#
#   page_screenshot.sh PAGE.html FOLDER      writes FOLDER/page-phone.png, page-dark.png and page-desk.png
#
# Called by ./dev screenshot. Chromium runs without its sandbox where it runs as root.
set -euo pipefail
page=$(realpath "$1")
mkdir -p "$2"
folder=$(realpath "$2")
profile=$(mktemp -d)
trap 'rm -rf "$profile"' EXIT

browse() {
  timeout 120 chromium --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --hide-scrollbars --no-first-run \
    --user-data-dir="$profile" "$@" 2>"$profile/log" || {
    cat "$profile/log" >&2
    return 1
  }
}

# A window is at least 500 pixels wide, so the phone is a frame of 390 in it, which also says how wide the page wants to be.
frame=$profile/frame.html
cat >"$frame" <<HTML
<!DOCTYPE html><meta charset="utf-8"><body style="margin:0"><iframe id="phone" style="width:390px;height:2400px;border:0" src="file://$page"></iframe>
<script>phone.onload = () => { const root = phone.contentDocument.documentElement;
document.title = "width " + root.scrollWidth + " text " + root.innerText.length; };</script>
HTML
browse --screenshot="$folder/page-phone.png" --window-size=500,2400 "file://$frame"
browse --force-dark-mode --blink-settings=preferredColorScheme=0 --screenshot="$folder/page-dark.png" --window-size=500,2400 "file://$frame"
browse --screenshot="$folder/page-desk.png" --window-size=1280,1600 "file://$page"
title=$(browse --allow-file-access-from-files --virtual-time-budget=2000 --dump-dom "file://$frame" | grep -o 'width [0-9]* text [0-9]*')
read -r _ width _ text <<<"$title"
((width <= 390)) || { echo "the page is $width pixels wide on a phone of 390"; exit 1; }
((text > 200)) || { echo "the page shows only $text characters"; exit 1; }
echo "a phone of 390 pixels shows all of the page's width, $text characters; pictures in $2"
