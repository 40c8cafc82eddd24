#!/bin/sh
# Packs what {{upstream["summary"]}} was made from.
set -e
tar -czf "{{product}}" "{{upstream['summary']}}"
