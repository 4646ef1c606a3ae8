#!/bin/sh
# Draws the PNG icons anew from icons/icon.svg; needs rsvg-convert (Debian: librsvg2-bin). Run it after changing the drawing.
set -eu
cd "$(dirname "$0")/.."
draw() { rsvg-convert --width "$1" --height "$1" --output "icons/$2" icons/icon.svg; }
draw 32 32x32.png
draw 128 128x128.png
draw 256 128x128@2x.png
draw 512 icon.png
