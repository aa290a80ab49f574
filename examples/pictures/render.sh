#!/bin/sh
# Renders every SVG in this folder to a 256x256 PNG beside it.
# The same librsvg gives the same pixels; the PNGs carry no time stamp.
set -eu
cd "$(dirname "$0")"
for svg in *.svg; do
  rsvg-convert --width 256 --height 256 --output "${svg%.svg}.png" "$svg"
done
